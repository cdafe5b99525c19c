import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';

const hierarchy = '/sys/fs/cgroup/cpu';
const cpusets = '/sys/fs/cgroup/cpuset';

/** When the test is over, once what was in them has ended: until it has been waited for, it is in its group still (EBUSY). */
export function removeGroups(innermostFirst: readonly string[]): void {
  onTestFinished(async () => {
    for (const path of innermostFirst) await vi.waitFor(() => rmdirSync(path), { timeout: 4000, interval: 10 });
  });
}

/**
 * Into a control group of its own, with no share of realtime, for the rest of the test; the process must end before that
 * does. Needs RT_GROUP_SCHED.
 */
export function putWithoutRealtime(pid: number): void {
  const group = `realtime-broker-test-${process.pid}`;
  const path = join(hierarchy, group);
  mkdirSync(path);
  removeGroups([path]);
  expect(readFileSync(join(path, 'cpu.rt_runtime_us'), 'utf8')).toBe('0\n');
  writeFileSync(join(path, 'cgroup.procs'), `${pid}`);
}

/**
 * Keeps a process and all its threads on the first CPU, until what this returns is called, or else the test is over; the
 * process must end before that does. Needs cpuset.
 */
export function keepOnFirstCpu(pid: number): () => void {
  const path = join(cpusets, `realtime-broker-test-${process.pid}`);
  mkdirSync(path);
  removeGroups([path]);
  for (const [file, text] of [
    ['cpuset.cpus', '0'],
    ['cpuset.mems', '0'],
    ['cgroup.procs', `${pid}`],
  ] as const)
    writeFileSync(join(path, file), text);
  return () => writeFileSync(join(cpusets, 'cgroup.procs'), `${pid}`);
}
