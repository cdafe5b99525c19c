import { beforeAll, expect, test } from 'vitest';
import { player } from '../../rig/load.ts';
import { eventually, ordinary, realtime, said, scheduling, shown } from '../../system/guest/machine.ts';
import { configure, patience, playing, trustAlice } from './broker.ts';

/** Realtime threads of the kernel's own: that of each interrupt is among them, SCHED_FIFO 50. */
const kernelThreads = async (): Promise<readonly string[]> =>
  (await said('ps --ppid 2 --pid 2 -o tid=,cls=,rtprio=,comm='))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => / (FF|RR) /.test(line));

beforeAll(async () => {
  await trustAlice();
  await configure(`${patience}demote_unknown = true\n`);
}, 60_000);

test("canary.demote_unknown demotes who is realtime without leave and starves a CPU, and none of the kernel's threads", {
  retry: 2,
}, async () => {
  const before = await kernelThreads();
  expect(before.filter((line) => / FF +50 irq\//.test(line))).not.toEqual([]);

  const load = await playing(player(70_000, 100_000));
  await load.granted(load.tid, 10);
  await said("systemd-run --quiet --unit=stranger taskset --cpu-list 1 chrt --rr 5 sh -c 'while :; do :; done'");
  try {
    const pid = Number(await shown('MainPID', 'stranger'));
    await load.work();
    await eventually(async () => expect(await scheduling(pid)).toBe(ordinary), 9);
    expect(await scheduling(load.tid)).toBe(realtime(10));
    expect(await kernelThreads()).toEqual(before);
  } finally {
    await said('systemctl stop stranger');
    await load.stop();
  }
});
