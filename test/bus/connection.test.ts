import { beforeEach, describe, expect, test } from 'vitest';
import { BusError, NameTaken } from '../../src/bus/bus-error.ts';
import { Connection } from '../../src/bus/connection.ts';
import type { Frame } from '../../src/bus/frames.ts';
import { marshal, messageTypes, type Outgoing } from '../../src/bus/wire.ts';
import { FakeDaemon, settled } from './fake-daemon.ts';

const target = { destination: 'a.b', path: '/a/b', interface: 'a.b', member: 'M' };

let daemon: FakeDaemon;
let connection: Connection;
beforeEach(() => {
  daemon = new FakeDaemon();
  connection = new Connection(daemon);
});

/** Somebody replies to our last call. */
async function reply(sent: Partial<Outgoing>): Promise<void> {
  await settled();
  const replySerial = daemon.calls.at(-1)?.serial ?? 0;
  daemon.inject(marshal({ type: messageTypes.reply, serial: 1, replySerial, sender: ':1.9', ...sent } as Outgoing));
}

describe('a call of ours', () => {
  test('ends with its reply, 64-bit numbers exactly', async () => {
    const answer = connection.call(target, 's', ['x'], 'xts');
    await reply({ signature: 'xts', body: [-9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n, 'ü'] });
    await expect(answer).resolves.toEqual([-9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n, 'ü']);
  });

  test('ends with a BusError named like the error that came', async () => {
    const answer = connection.call(target, '', [], '');
    await reply({ type: messageTypes.error, errorName: 'a.b.Error', signature: 's', body: ['why'] });
    await expect(answer).rejects.toMatchObject({ name: 'a.b.Error', message: 'why' });
    await expect(answer).rejects.toBeInstanceOf(BusError);
  });

  for (const [title, sent] of [
    ['without a text', {}],
    ['whose text is no text', { signature: 'u', body: [7] }],
  ] as const)
    test(`ends with an error ${title}`, async () => {
      const answer = connection.call(target, '', [], '');
      await reply({ type: messageTypes.error, errorName: 'a.b.Error', ...sent });
      await expect(answer).rejects.toMatchObject({ name: 'a.b.Error', message: '' });
    });

  test('with a reply of another signature is an error that says so', async () => {
    const answer = connection.call(target, '', [], 'u');
    await reply({ signature: 's', body: ['7'] });
    await expect(answer).rejects.toMatchObject({ message: "M replied 's' instead of 'u'" });
  });

  test('with a reply far too large is an error', async () => {
    const answer = connection.call(target, '', [], 's');
    await reply({ signature: 's', body: ['x'.repeat(100_000)] });
    await expect(answer).rejects.toMatchObject({ message: "M replied 's' far too large instead of 's'" });
  });

  test('without a reply ends at its deadline, and a late reply is nothing', async () => {
    await expect(connection.call(target, '', [], '', { timeoutMsec: 1 })).rejects.toMatchObject({
      name: 'org.freedesktop.DBus.Error.NoReply',
      message: 'no reply within 1 ms',
    });
    await reply({});
  });

  test('ends when the bus does', async () => {
    const answer = connection.call(target, '', [], '');
    daemon.destroy('gone');
    await expect(answer).rejects.toMatchObject({ name: 'org.freedesktop.DBus.Error.Disconnected', message: 'gone' });
    await expect(connection.closed).resolves.toBe('gone');
  });

  test('leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const answer = connection.call(target, '', [], '');
    expect(timers()).toBe(before + 1);
    await reply({});
    await answer;
    expect(timers()).toBe(before);
  });

  test('to the bus daemon is not answered by anybody else', async () => {
    daemon.silent = true;
    const answer = connection.askDaemon('GetConnectionUnixUser', 's', [':1.7'], 'u');
    await settled();
    const forged = (sender: string, uid: number) =>
      marshal({
        type: messageTypes.reply,
        ...{ serial: 1, replySerial: 1, sender, signature: 'u', body: [uid] },
      } as Outgoing);
    daemon.inject(forged(':1.9', 0));
    daemon.inject(forged('org.freedesktop.DBus', 1000));
    await expect(answer).resolves.toEqual([1000]);
  });

  test('says not to start a service only when told so', async () => {
    const timeoutMsec = Number.POSITIVE_INFINITY;
    void connection.call(target, '', [], '', { timeoutMsec });
    void connection.call(target, '', [], '', { timeoutMsec, autoStart: false });
    await settled();
    expect(daemon.calls.map(({ flags }) => flags)).toEqual([0, 2]);
  });
});

describe('the connection', () => {
  test('learns its name by saying hello', async () => {
    await connection.hello();
    expect(connection.name).toBe(':1.1');
  });

  test('owns a name, or says that somebody else does', async () => {
    daemon.taken.add('a.c');
    await connection.requestName('a.b');
    await expect(connection.requestName('a.c')).rejects.toThrow(NameTaken);
  });

  test('tells of calls, and what they throw is a fault that ends nothing', async () => {
    const calls: Frame[] = [];
    const faults: unknown[] = [];
    connection.onFault = (fault) => faults.push(fault);
    connection.onCall = (call) => {
      calls.push(call);
      throw new Error('a fault');
    };
    daemon.post(':1.7', { ...target });
    daemon.post(':1.7', { ...target });
    expect(calls).toHaveLength(2);
    expect(faults).toHaveLength(2);
  });

  test('passes over signals, other types, and replies to nothing', () => {
    connection.onCall = () => {
      throw new Error('no call came');
    };
    for (const type of [messageTypes.reply, messageTypes.error, messageTypes.signal, 5, 200])
      daemon.inject(marshal({ type, serial: 1, replySerial: 99, sender: ':1.7', errorName: 'a.b' } as Outgoing));
  });

  test('answers nobody who does not want to hear', async () => {
    connection.onCall = (call) => {
      connection.reply(call, '', []);
      connection.error(call, 'a.b.Error', 'x');
    };
    const serial = daemon.post(':1.7', { ...target, flags: 1 });
    await settled();
    expect(daemon.answersTo(serial)).toEqual([]);
  });

  test('is given up when the bus breaks the protocol', async () => {
    daemon.inject(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(connection.closed).resolves.toBe('a message has neither byte order');
  });
});
