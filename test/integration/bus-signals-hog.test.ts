import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import { type Face, ownFace } from '../rig/caller.ts';
import { Ear } from '../rig/ear.ts';
import { hog, type Load } from '../rig/load.ts';
import { dataOf, Stage } from '../rig/stage.ts';

// What is told of a thread that starves its CPU, and whom the watchdog believes that nobody starves.

const login1 = 'org.freedesktop.login1';
const sleep = { path: '/org/freedesktop/login1', interface: `${login1}.Manager`, member: 'PrepareForSleep' };
const bus: Face = { name: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };
const properties: Face = { ...ownFace, interface: 'org.freedesktop.DBus.Properties' };

let stage: Stage;
beforeAll(async () => {
  const busConfig = `<policy user="root"><allow own="${login1}"/></policy>`;
  stage = await Stage.start({ 'canary.cooldown_sec': 1, 'canary.patience_msec': 500 }, { busConfig, alone: true });
}, 600_000);
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const starving = async (): Promise<Load> => {
  const load = await stage.load([hog()]);
  await load.granted(load.tid, 10);
  await load.work();
  return load;
};

test('a thread that starves the machine is told of to its user and root, and the starving to everybody', async () => {
  const bob = await stage.caller('bob');
  const rule = (interfaceName: string) => `type='signal',sender='${ownFace.name}',interface='${interfaceName}'`;
  for (const interfaceName of [ownFace.name, `${properties.interface}`])
    dataOf(await bob.call(bus, 'AddMatch', 's', rule(interfaceName)));
  const alice = await Ear.subscribed(await stage.caller('alice'));
  const root = await Ear.subscribed(await stage.caller('root'));
  const everybody = new Ear(bob);

  const load = await stage.load([hog()]);
  await load.granted(load.tid, 10);
  // So that the properties' last change is not one to be told together with the next.
  await pause(600);
  await load.work();
  await load.until(load.tid, 'other');
  await load.rest();

  const ids = [load.pid, load.tid];
  const concerned = [
    expect.objectContaining({ member: 'GrantAdded' }),
    expect.objectContaining({ member: 'ThreadDemoted', type: 'tts', data: [...ids, expect.any(String)] }),
    expect.objectContaining({ member: 'ThreadRestored', type: 'tt', data: ids }),
  ];
  await expect.poll(() => alice.all(), { timeout: 5000 }).toEqual(concerned);
  expect(await root.all()).toEqual(concerned);

  const [starved, ...others] = await everybody.all();
  expect(starved).toMatchObject({ member: 'Starved', type: 'ut', data: [expect.any(Number), expect.any(Number)] });
  expect(others.every(({ member }) => member === 'Starved')).toBe(true);
  const changes = async () =>
    (await everybody.all(properties.interface)).flatMap(({ data }) => (data[1] as { Starved?: unknown }).Starved ?? []);
  const thereAndBack = [true, false].map((data) => ({ type: 'b', data }));
  await expect.poll(async () => (await changes()).slice(0, 2)).toEqual(thereAndBack);
});

/** Says that the machine sleeps again and again, much faster than the watchdog's patience ends. */
async function talk(ready: (from: Connection) => Promise<string | undefined>): Promise<NodeJS.Timeout> {
  const from = await connectBus(stage.rig.address);
  const destination = await ready(from);
  const talking = setInterval(() => from.signal(sleep, 'b', [true], destination), 20);
  onTestFinished(() => {
    clearInterval(talking);
    from.close();
  });
  return talking;
}

test('a hog is demoted, though somebody tells the broker all the time that the machine sleeps', async () => {
  await talk(async () => String(dataOf(await stage.root.call(bus, 'GetNameOwner', 's', ownFace.name))[0]));
  const load = await starving();
  await load.until(load.tid, 'other');
});

// Whoever keeps this program from saying so for longer than patience spoils it: so it is tried again.
test('a hog is not demoted while logind says so, and is when it does not any more', { retry: 2 }, async () => {
  const talking = await talk(async (from) => void (await from.requestName(login1)));
  const load = await starving();
  await expect(load.until(load.tid, 'other', { timeoutMsec: 2000 })).rejects.toThrow('did not say');
  clearInterval(talking);
  const { afterUsec } = await load.until(load.tid, 'other');
  console.log(
    `logind said for two seconds that the machine sleeps: demoted ${Math.round(afterUsec / 1000)} ms after the start`,
  );
});
