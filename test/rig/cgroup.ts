import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

const hierarchy = '/sys/fs/cgroup/cpu';

/**
 * Into a control group of its own, with no share of realtime, for the rest of the test; the process must end before that
 * does. Needs RT_GROUP_SCHED.
 */
export function putWithoutRealtime(pid: number): void {
  const group = `realtime-broker-test-${process.pid}`;
  const path = join(hierarchy, group);
  mkdirSync(path);
  onTestFinished(() => void rmdirSync(path));
  expect(readFileSync(join(path, 'cpu.rt_runtime_us'), 'utf8')).toBe('0\n');
  writeFileSync(join(path, 'cgroup.procs'), `${pid}`);
}
