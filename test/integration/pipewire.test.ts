import { afterAll, beforeAll, expect, test } from 'vitest';
import { look } from '../rig/kernel.ts';
import type { PipeWire } from '../rig/pipewire.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
let pipewire: PipeWire;
beforeAll(async () => {
  stage = await Stage.start();
  pipewire = await stage.rig.startPipeWire('alice');
});
afterAll(() => stage.stop());

test('a real PipeWire gets its data thread realtime', async () => {
  expect(await pipewire.outcome()).toContain('acquired realtime priority 20');
  await expect
    .poll(() => look(pipewire.dataThread!))
    .toMatchObject({ policy: 'rr', priority: 20, resetOnFork: true, rttimeHard: 200_000 });
});

test('and its main thread high priority', async () => {
  await expect
    .poll(() => look(pipewire.pid))
    .toMatchObject({ policy: 'other', priority: 0, nice: -11, resetOnFork: true });
});

test('both are in the ledger', async () => {
  const ours = { Uid: 4201, Process: pipewire.pid, Program: '/usr/bin/pipewire', State: 'active' };
  const grants = (await stage.grants()).sort((one, other) => (String(one.Kind) < String(other.Kind) ? -1 : 1));
  expect(grants).toMatchObject([
    { ...ours, Thread: pipewire.pid, Comm: 'pipewire', Kind: 'high-priority', Nice: -11 },
    { ...ours, Thread: pipewire.dataThread, Kind: 'realtime', Priority: 20, ActualPolicy: 'rr' },
  ]);
});

test('and out of it when PipeWire ends', async () => {
  await pipewire.stop();
  await expect.poll(() => stage.grants()).toEqual([]);
});
