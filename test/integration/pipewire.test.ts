import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Child } from '../rig/child.ts';
import { look } from '../rig/kernel.ts';
import { dataThreadOf, type PipeWire, putSilence } from '../rig/pipewire.ts';
import type { Session } from '../rig/session.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
let session: Session;
let pipewire: PipeWire;
let manager: Child;
beforeAll(async () => {
  stage = await Stage.start();
  session = await stage.rig.startSession();
  pipewire = await stage.rig.startPipeWire(session.home);
  manager = await stage.rig.startProgram(session.home, 'wireplumber');
});
afterAll(() => stage.stop());

const realtime = { policy: 'rr', priority: 20, resetOnFork: true, nice: 0, rttimeHard: 200_000 };
const highPriority = { policy: 'other', priority: 0, resetOnFork: true, nice: -11 };

/** Of a process, by kind. */
async function grantsOf(pid: number) {
  const grants = (await stage.grants()).filter(({ Process }) => Process === pid);
  return grants.sort((one, other) => (String(one.Kind) < String(other.Kind) ? -1 : 1));
}

test('C16 C20 a real PipeWire gets its data thread realtime', async () => {
  expect(await pipewire.outcome()).toContain('acquired realtime priority 20');
  await expect.poll(() => look(pipewire.dataThread!)).toMatchObject(realtime);
});

test('C21 and its main thread high priority', async () => {
  await expect.poll(() => look(pipewire.pid)).toMatchObject(highPriority);
});

test('both are in the ledger', async () => {
  const ours = { Uid: 4201, Process: pipewire.pid, Program: '/usr/bin/pipewire', State: 'active' };
  expect(await grantsOf(pipewire.pid)).toMatchObject([
    { ...ours, Thread: pipewire.pid, Comm: 'pipewire', Kind: 'high-priority', Nice: -11 },
    { ...ours, Thread: pipewire.dataThread, Kind: 'realtime', Priority: 20, ActualPolicy: 'rr' },
  ]);
});

/** Plays silence through PipeWire, in the thread that is said. */
async function play(): Promise<{ readonly player: Child; readonly thread: number }> {
  const silence = putSilence(session.home, 20);
  const player = await stage.program(session.home, 'stdbuf', '-oL', 'pw-play', '--verbose', silence);
  await player.line(/stream state changed paused -> streaming/);
  return { player, thread: dataThreadOf(player.pid) ?? 0 };
}

test('C16 C20 so does a program that plays through it, by its own request', async () => {
  await expect.poll(() => grantsOf(manager.pid)).toHaveLength(2);
  expect(look(manager.pid)).toMatchObject(highPriority);

  const { player, thread } = await play();
  await expect.poll(() => look(thread)).toMatchObject(realtime);
  const ours = { Program: '/usr/bin/pw-cat', State: 'active' };
  expect(await grantsOf(player.pid)).toMatchObject([{ ...ours, Kind: 'realtime', Thread: thread, Priority: 20 }]);
  await player.stop();
});

describe('with a portal, which PipeWire prefers', () => {
  beforeAll(() => session.startPortal());

  test('C16 it asks that one, with the same result', async () => {
    const { player, thread } = await play();
    await expect.poll(() => look(thread)).toMatchObject(realtime);
    // The portal has looked whether this user forbade it, and then asked in its own name.
    expect(session.portal?.lines).toContainEqual(expect.stringContaining("No 'realtime' permissions found"));
    await player.stop();
  });
});

test('and out of it when PipeWire ends', async () => {
  await manager.stop();
  await pipewire.stop();
  await expect.poll(() => stage.grants()).toEqual([]);
});
