import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import { heedSleep } from '../../src/bus/logind.ts';
import { FakeWatchdog } from '../fakes/watchdog.ts';
import { type Rig, startRig } from '../rig/rig.ts';

// Signals that others send us, truly or not. logind is played by root, who alone may have its name.

const login1 = 'org.freedesktop.login1';
const sleep = { path: '/org/freedesktop/login1', interface: `${login1}.Manager`, member: 'PrepareForSleep' };

let rig: Rig;
beforeAll(async () => {
  const busConfig = `<policy user="root"><allow own="${login1}"/></policy>`;
  rig = await startRig({ withPolkit: false, busConfig });
});
afterAll(() => rig.stop());

const connections: Connection[] = [];
const connected = async (): Promise<Connection> => {
  const connection = await connectBus(rig.address);
  connections.push(connection);
  return connection;
};
afterEach(async () => {
  for (const connection of connections.splice(0)) {
    connection.close();
    await connection.closed;
  }
});

/** Somebody who is logind by now. */
const logind = async (): Promise<Connection> => {
  const connection = await connected();
  await connection.requestName(login1);
  return connection;
};

describe('PrepareForSleep', () => {
  /** All that had been sent when this is asked has come when it resolves: the bus keeps its order. */
  const told = async (connection: Connection) => void (await connection.askDaemon('GetId', '', [], 's'));
  const heeding = async () => {
    const [connection, watchdog] = [await connected(), new FakeWatchdog()];
    await heedSleep(connection, watchdog);
    return { watchdog, connection, name: connection.name };
  };
  const say = async (from: Connection, to?: string) => {
    from.signal(sleep, 'b', [true], to);
    await told(from);
  };

  test('is heard of logind, whenever it comes, goes, and comes again', async () => {
    const { watchdog, connection } = await heeding();
    for (const time of [1, 2]) {
      const current = await logind();
      await say(current);
      await told(connection);
      expect(watchdog.restarts).toBe(time);
      current.close();
      await current.closed;
    }
  });

  test('is heard of a logind that is there already', async () => {
    const current = await logind();
    const { watchdog, connection } = await heeding();
    await say(current);
    await told(connection);
    expect(watchdog.restarts).toBe(1);
  });

  test('is heard of nobody else, to whomever he says it', async () => {
    const { watchdog, connection, name } = await heeding();
    const stranger = await connected();
    for (const there of [false, true]) {
      if (there) await logind();
      await say(stranger);
      await say(stranger, name);
      const emit = ['emit', '--system', '--dest', name, '--object-path', sleep.path];
      const lie = ['--signal', `${sleep.interface}.${sleep.member}`, 'true'];
      expect(await rig.gdbus([...emit, ...lie], 'bob')).toMatchObject({ code: 0, stderr: '' });
      await told(connection);
      expect(watchdog.restarts).toBe(0);
    }
  });

  test('is not heard of who only says that he is logind', async () => {
    const { watchdog, connection, name } = await heeding();
    const stranger = await connected();
    const claim = { path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'NameOwnerChanged' };
    stranger.signal(claim, 'sss', [login1, '', stranger.name], name);
    await say(stranger, name);
    await told(connection);
    expect(watchdog.restarts).toBe(0);
  });
});
