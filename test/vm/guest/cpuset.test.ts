import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hog, type Load, type Part, player } from '../../rig/load.ts';
import { eventually, ordinary, run, said, scheduling } from '../../system/guest/machine.ts';
import { configure, degraded, patience, playing, trustAlice } from './broker.ts';

/** A cpuset of the last CPU, for the threads that are granted something. */
const audio = '/sys/fs/cgroup/audio';
let load: Load;

/** The broker's own, as an administrator sets it. */
const confine = (cpus: string): Promise<string> =>
  said(`systemctl set-property --runtime realtime-broker AllowedCPUs=${cpus}`);

async function granted(part: Part): Promise<Load> {
  const started = await playing(part);
  writeFileSync(`${audio}/cgroup.procs`, `${started.pid}`);
  await started.granted(started.tid, 10);
  return started;
}

const expectDegraded = (...words: string[]): Promise<void> =>
  eventually(async () => expect(await degraded()).toEqual(words));

beforeAll(async () => {
  await trustAlice();
  await confine('0');
  await configure(patience);
  mkdirSync(audio);
  writeFileSync(`${audio}/cpuset.cpus`, '1');
  load = await granted(player(30_000, 100_000));
}, 60_000);

afterAll(async () => {
  await load.stop();
  await run(`rmdir ${audio}`);
  await confine('');
});

test('Degraded names the CPU of a granted thread where the broker may not run', () =>
  expectDegraded('no-canary-on-cpu-1'));

test('while threads play its canary comes and goes with the cpuset of the broker', async () => {
  await load.work();
  await confine('0-1');
  await expectDegraded();
  await confine('0');
  await expectDegraded('no-canary-on-cpu-1');
  await confine('0-1');
  await expectDegraded();
}, 60_000);

test('whoever then starves that CPU is demoted', { retry: 2 }, async () => {
  const greedy = await granted(hog());
  try {
    await greedy.work();
    await eventually(async () => expect(await scheduling(greedy.tid)).toBe(ordinary), 9);
  } finally {
    await greedy.stop();
  }
});
