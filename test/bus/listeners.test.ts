import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { matchRule } from '../../src/bus/listeners.ts';
import { FakeDaemon, type Sent } from './fake-daemon.ts';
import { Encoder } from './nasty.ts';

const signal = { path: '/a', interface: 'a.b', member: 'Changed' };

let daemon: FakeDaemon;
let connection: Connection;
let heard: unknown[];
let faults: unknown[];
let owner: string | undefined;
beforeEach(() => {
  daemon = new FakeDaemon();
  connection = new Connection(daemon);
  heard = [];
  faults = [];
  owner = ':1.9';
  connection.onFault = (fault) => faults.push(fault);
  connection.listen({ ...signal, signature: 'su', from: () => owner }, (values) => heard.push(values));
});

const good: Sent = { ...signal, signature: 'su', body: ['x', 7] };

describe('a signal', () => {
  test('is heard with what it says', () => {
    daemon.emit(':1.9', good);
    expect(heard).toEqual([['x', 7]]);
  });

  test('is heard by all who listen to it', () => {
    connection.listen({ ...signal, signature: 'su', from: () => owner }, () => heard.push('another'));
    daemon.emit(':1.9', good);
    expect(heard).toEqual([['x', 7], 'another']);
  });

  const rows: readonly (readonly [title: string, sender: string, sent: Sent])[] = [
    ['of somebody else', ':1.8', good],
    ['of somebody whose name begins the same', ':1.99', good],
    ['of another member', ':1.9', { ...good, member: 'Changes' }],
    ['of another interface', ':1.9', { ...good, interface: 'a.c' }],
    ['of another object', ':1.9', { ...good, path: '/' }],
    ['without arguments', ':1.9', signal],
    ['with other arguments', ':1.9', { ...signal, signature: 'us', body: [7, 'x'] }],
    ['with fewer arguments', ':1.9', { ...signal, signature: 's', body: ['x'] }],
    ['with more arguments', ':1.9', { ...signal, signature: 'sus', body: ['x', 7, 'x'] }],
    ['far too large', ':1.9', { ...good, body: ['x'.repeat(100_000), 7] }],
  ];
  for (const [title, sender, sent] of rows)
    test(`${title} is passed over`, () => {
      daemon.emit(sender, sent);
      expect(heard).toEqual([]);
      expect(faults).toEqual([]);
    });

  test('is passed over while there is nobody it could be from', () => {
    owner = undefined;
    daemon.emit(':1.9', good);
    const little = new Encoder();
    const fields = little.call('Changed', '/a', 'a.b', 'su').filter(({ code }) => code !== 7);
    daemon.inject(little.message({ type: 4, fields, body: Buffer.concat([little.string('xyz'), little.uint32(7)]) }));
    expect(heard).toEqual([]);
  });

  test('that is not what its signature says is a fault that ends nothing', () => {
    const little = new Encoder();
    const fields = little.call('Changed', '/a', 'a.b', 'su');
    owner = ':1.7';
    daemon.inject(little.message({ type: 4, fields, body: little.uint32(1_000_000) }));
    expect([heard, faults.length]).toEqual([[], 1]);
    daemon.emit(':1.7', good);
    expect(heard).toHaveLength(1);
  });
});

test('a match rule names all there is to a signal', () => {
  expect(matchRule(signal, 'c.d')).toBe("type='signal',sender='c.d',path='/a',interface='a.b',member='Changed'");
  expect(matchRule(signal, 'c.d', ':1.7')).toMatch(/,member='Changed',arg0=':1\.7'$/);
});
