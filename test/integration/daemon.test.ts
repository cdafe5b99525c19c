import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Caller, type Face, ownFace, rtkitFace } from '../rig/caller.ts';
import { giveUpName } from '../rig/foreign-socket.ts';
import { look } from '../rig/kernel.ts';
import { standardError } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { dataOf, Stage } from '../rig/stage.ts';

const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const bus: Face = { name: 'org.freedesktop.DBus', path: '/', interface: 'org.freedesktop.DBus' };

const owned = async (caller: Caller, { name }: Face) => dataOf(await caller.call(bus, 'NameHasOwner', 's', name))[0];

/** A worker at realtime priority 5 and a main thread at nice -5. */
async function granted(stage: Stage): Promise<readonly number[]> {
  const alice = await stage.caller();
  const tid = await alice.thread();
  dataOf(await ask(ownFace, realtime(alice, tid, 5)));
  dataOf(await ask(rtkitFace, highPriority(alice, 0, -5)));
  expect([look(tid), look(alice.pid)]).toMatchObject([{ policy: 'rr' }, { nice: -5 }]);
  return [tid, alice.pid];
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`${signal} demotes all and ends the broker with 0`, async () => {
    const stage = await Stage.start();
    const tids = await granted(stage);
    stage.broker.signal(signal);
    expect(await stage.broker.exited).toEqual({ code: 0, signal: null });
    expect(tids.map(look)).toMatchObject([ordinary, ordinary]);
    expect(await Promise.all([ownFace, rtkitFace].map((face) => owned(stage.root, face)))).toEqual([false, false]);
    await stage.stop();
  });

test('the loss of the bus ends it with 1; what it granted waits for the next one', async () => {
  const stage = await Stage.start();
  const tids = await granted(stage);
  process.kill(stage.rig.busPid, 'SIGKILL');
  expect(await stage.broker.exited).toEqual({ code: 1, signal: null });
  expect(tids.map(look)).toMatchObject([{ policy: 'rr' }, { nice: -5 }]);
  const words = 'The broker ends: the bus closed the connection. What it granted 2 threads is left to the next one.';
  expect(stage.faults).toEqual([expect.stringContaining(words)]);

  const next = await Stage.start({}, {}, { stateDir: join(stage.rig.dir, 'state') });
  expect((await next.grants()).map(({ Thread, State }) => [Thread, State])).toEqual(tids.map((tid) => [tid, 'active']));
  await next.stop();
  await stage.rig.stop();
});

for (const lost of [ownFace, rtkitFace])
  test(`the loss of the name ${lost.name} ends it with 1; what it granted waits for the next one`, async () => {
    const stage = await Stage.start();
    const tids = await granted(stage);
    giveUpName(stage.broker.pid, join(stage.rig.dir, 'bus'), lost.name);
    expect(await stage.broker.exited).toEqual({ code: 1, signal: null });
    expect(tids.map(look)).toMatchObject([{ policy: 'rr' }, { nice: -5 }]);
    const words = `The broker ends: the bus name ${lost.name} was lost. What it granted 2 threads is left to the next one.`;
    expect(stage.faults).toEqual([expect.stringContaining(words)]);

    await stage.restart('SIGKILL');
    expect((await stage.grants()).map(({ Thread, State }) => [Thread, State])).toEqual(
      tids.map((tid) => [tid, 'active']),
    );
    await stage.rig.stop();
  });

test.each([
  ['with the same state', undefined, /ended with 1(.|\n)*another broker keeps its state in/],
  ['with a state of its own', 'other', /ended with 1(.|\n)*bus name \S+ is taken/],
])('C5 a second broker %s ends at once, and does not disturb the first', async (_, other, words) => {
  const stage = await Stage.start();
  const tids = await granted(stage);
  const options = other === undefined ? {} : { stateDir: join(stage.rig.dir, other) };
  await expect(stage.rig.startBroker(options)).rejects.toThrow(words);
  expect(tids.map(look)).toMatchObject([{ policy: 'rr' }, { nice: -5 }]);
  expect(await stage.grants()).toHaveLength(2);
  await stage.stop();
});

describe('beside rtkit', () => {
  const withRtkit = async (): Promise<Rig> => {
    const rig = await startRig({ rtkitPolicy: true });
    await rig.startRtkit('--no-limit-resources');
    return rig;
  };

  test('it ends, and takes no name', async () => {
    await using rig = await withRtkit();
    await expect(rig.startBroker()).rejects.toThrow(/bus name org\.freedesktop\.RealtimeKit1 is taken/);
    expect(await owned(await rig.spawnCaller('root'), ownFace)).toBe(false);
  });

  test('it serves its own name, told to leave the other alone', async () => {
    await using rig = await withRtkit();
    await rig.startBroker({ config: 'bus.realtimekit1 = false\n', names: [ownFace.name] });
    const alice = await rig.spawnCaller();
    expect(await ask(ownFace, highPriority(alice, 0, -5))).toMatchObject({ ok: true });
    expect(await alice.call({ ...rtkitFace, name: ownFace.name }, 'MakeThreadRealtime', 'tu', 0, 5)).toMatchObject({
      error: standardError('UnknownObject'),
    });
  });
});

test('bus.realtimekit1 = false leaves that name to nobody', async () => {
  await using rig = await startRig({ withPolkit: false });
  await rig.startBroker({ config: 'bus.realtimekit1 = false\n', names: [ownFace.name] });
  const alice = await rig.spawnCaller();
  expect([await owned(alice, ownFace), await owned(alice, rtkitFace)]).toEqual([true, false]);
  expect(await alice.call(rtkitFace, 'MakeThreadRealtime', 'tu', 0, 5)).toMatchObject({
    error: standardError('ServiceUnknown'),
  });
});

test('what it cannot do it says at once', async () => {
  const stage = await Stage.start({}, {}, { under: ['setpriv', '--bounding-set', '-sys_nice'] });
  expect(await stage.property('Degraded')).toContain('no-realtime');
  expect(stage.broker.lines.join('\n')).toMatch(/warning: .*no realtime request can be granted\..*no-realtime/);
  await stage.stop();
});

test('told by the kernel that it has not paused for long, it pauses, says so, and goes on', async () => {
  const stage = await Stage.start();
  stage.broker.signal('SIGXCPU');
  await stage.broker.line(/warning: The broker has been busy for two seconds without a pause/);
  const tids = await granted(stage);
  expect(tids.map(look)).toMatchObject([{ policy: 'rr' }, { nice: -5 }]);
  await stage.stop();
});
