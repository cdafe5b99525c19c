import { beforeEach, describe, expect, test } from 'vitest';
import { BusError } from '../../src/bus/bus-error.ts';
import { Connection } from '../../src/bus/connection.ts';
import { Owners } from '../../src/bus/owners.ts';
import { marshal, messageTypes, type Outgoing } from '../../src/bus/wire.ts';
import { FakeDaemon, settled } from './fake-daemon.ts';

const bus = 'org.freedesktop.DBus';
const change = { path: '/org/freedesktop/DBus', interface: bus, member: 'NameOwnerChanged', signature: 'sss' };

let daemon: FakeDaemon;
let owners: Owners;
let told: (string | undefined)[];
const note = (owner: string | undefined) => told.push(owner);
beforeEach(() => {
  daemon = new FakeDaemon();
  owners = new Owners(new Connection(daemon));
  told = [];
});

describe('the owner of a name', () => {
  test('is told at once, and whenever it changes', async () => {
    daemon.own('a.b', ':1.8');
    await owners.watch('a.b', note);
    daemon.leave(':1.8');
    daemon.own('a.b', ':1.9');
    expect(told).toEqual([':1.8', undefined, ':1.9']);
  });

  test('may be nobody yet', async () => {
    await owners.watch('a.b', note);
    daemon.own('a.b', ':1.8');
    expect(told).toEqual([undefined, ':1.8']);
  });

  test('of a unique name is itself, until it leaves', async () => {
    await owners.watch(':1.7', note);
    daemon.leave(':1.7');
    expect(told).toEqual([':1.7', undefined]);
  });

  test('is asked for when there is a rule already, so that no change falls between', async () => {
    await owners.watch('a.b', note);
    expect(daemon.asked).toEqual([
      `AddMatch(type='signal',sender='${bus}',path='${change.path}',interface='${bus}',member='${change.member}',arg0='a.b')`,
      'GetNameOwner(a.b)',
    ]);
  });

  test('that changes just behind the answer stays changed', async () => {
    daemon.silent = true;
    const watched = owners.watch('a.b', note);
    await settled();
    const reply = (replySerial: number, sent: Partial<Outgoing>) =>
      marshal({ type: messageTypes.reply, serial: 9, replySerial, sender: bus, ...sent } as Outgoing);
    const changed = { type: messageTypes.signal, serial: 9, sender: bus, ...change, body: ['a.b', ':1.8', ''] };
    // All of it in one piece, as it may be read.
    daemon.inject(
      Buffer.concat([reply(1, {}), reply(2, { signature: 's', body: [':1.8'] }), marshal(changed as Outgoing)]),
    );
    await watched;
    expect(told).toEqual([undefined]);
  });

  test('is told by nobody but the bus daemon, and for names that are watched', async () => {
    await owners.watch('a.b', note);
    told.length = 0;
    daemon.emit(':1.7', { ...change, body: ['a.b', '', ':1.7'] });
    daemon.emit(bus, { ...change, body: ['a.c', '', ':1.7'] });
    daemon.emit(bus, { ...change, body: ['__proto__', '', ':1.7'] });
    expect(told).toEqual([]);
  });

  test('is told no more, and its rule gone, when nobody wants to know', async () => {
    await owners.watch('a.b', note);
    await owners.watch(':1.7', note);
    owners.unwatch('a.b');
    owners.unwatch('a.b');
    owners.unwatch('a.c');
    await settled();
    daemon.emit(bus, { ...change, body: ['a.b', '', ':1.7'] });
    expect(told).toEqual([undefined, ':1.7']);
    expect(daemon.rules).toEqual([expect.stringContaining("arg0=':1.7'")]);
    expect(daemon.asked.filter((question) => question.startsWith('RemoveMatch'))).toHaveLength(1);
  });

  test('is not told when nobody wanted to know before the answer came', async () => {
    const watched = owners.watch('a.b', note);
    owners.unwatch('a.b');
    await watched;
    expect(told).toEqual([]);
    expect(daemon.rules).toEqual([]);
  });

  test('that cannot be asked for is an error, and leaves no rule', async () => {
    daemon.failing.add('GetNameOwner');
    await expect(owners.watch('a.b', note)).rejects.toThrow(BusError);
    await settled();
    expect(daemon.rules).toEqual([]);
  });
});
