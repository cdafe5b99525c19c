import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { heedSleep } from '../../src/bus/logind.ts';
import { FakeWatchdog } from '../fakes/watchdog.ts';
import { FakeDaemon, type Sent } from './fake-daemon.ts';

const login1 = 'org.freedesktop.login1';
const signal = { path: '/org/freedesktop/login1', interface: `${login1}.Manager`, member: 'PrepareForSleep' };
const sleeps: Sent = { ...signal, signature: 'b', body: [true] };
const wakes: Sent = { ...signal, signature: 'b', body: [false] };

let daemon: FakeDaemon;
let watchdog: FakeWatchdog;
beforeEach(() => {
  daemon = new FakeDaemon();
  watchdog = new FakeWatchdog();
});
const heed = () => heedSleep(new Connection(daemon), watchdog);

describe('the watchdog begins anew', () => {
  test('when logind says that the machine goes to sleep, and that it is back', async () => {
    daemon.own(login1, ':1.3');
    await heed();
    daemon.emit(':1.3', sleeps);
    expect(watchdog.restarts).toBe(1);
    daemon.emit(':1.3', wakes);
    expect(watchdog.restarts).toBe(2);
  });

  test('when a logind says so that came later', async () => {
    await heed();
    daemon.own(login1, ':1.4');
    daemon.emit(':1.4', sleeps);
    expect(watchdog.restarts).toBe(1);
  });

  test('when the next logind says so, and not the one before', async () => {
    daemon.own(login1, ':1.3');
    await heed();
    daemon.leave(':1.3');
    daemon.emit(':1.3', sleeps);
    daemon.own(login1, ':1.4');
    daemon.emit(':1.3', sleeps);
    expect(watchdog.restarts).toBe(0);
    daemon.emit(':1.4', sleeps);
    expect(watchdog.restarts).toBe(1);
  });
});

describe('the watchdog goes on', () => {
  test('whoever else says it, before, while and after logind is there', async () => {
    await heed();
    daemon.emit(':1.7', sleeps);
    daemon.own(login1, ':1.3');
    daemon.emit(':1.7', sleeps);
    daemon.emit(login1, sleeps);
    daemon.leave(':1.3');
    daemon.emit(':1.7', sleeps);
    expect(watchdog.restarts).toBe(0);
  });

  test('whoever else claims to be logind', async () => {
    await heed();
    const claim = { path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus', member: 'NameOwnerChanged' };
    daemon.emit(':1.7', { ...claim, signature: 'sss', body: [login1, '', ':1.7'] });
    daemon.emit(':1.7', sleeps);
    expect(watchdog.restarts).toBe(0);
  });

  for (const [title, sent] of [
    ['something else', { ...sleeps, member: 'PrepareForShutdown' }],
    ['it at another place', { ...sleeps, path: '/' }],
    ['it with other arguments', { ...signal, signature: 'u', body: [1] }],
  ] as const)
    test(`when logind says ${title}`, async () => {
      daemon.own(login1, ':1.3');
      await heed();
      daemon.emit(':1.3', sent);
      expect(watchdog.restarts).toBe(0);
    });
});

test('the bus is asked for logind alone', async () => {
  await heed();
  expect(daemon.rules).toEqual([
    expect.stringMatching(/sender='org\.freedesktop\.DBus',.*arg0='org\.freedesktop\.login1'$/),
    expect.stringMatching(/sender='org\.freedesktop\.login1',.*member='PrepareForSleep'$/),
  ]);
});
