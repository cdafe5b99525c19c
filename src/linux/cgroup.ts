import { readFileSync } from 'node:fs';
import type { Pid } from '../core/thread.ts';

/**
 * Whether the control group of the process has a share of realtime, without which RT_GROUP_SCHED forbids SCHED_RR in
 * it; undefined where that cannot be told, for want of such a file. Version 1 hierarchies only: version 2 has no budgets.
 */
export function hasRealtimeBudget(pid: Pid | 'self'): boolean | undefined {
  const budgets = parseCpuGroups(readIfThere(`/proc/${pid}/cgroup`)).map((group) =>
    readIfThere(`/sys/fs/cgroup/${group}/cpu.rt_runtime_us`).trim(),
  );
  const budget = budgets.find((text) => text !== '');
  return budget === undefined ? undefined : budget !== '0';
}

/** Where the group of the cpu controller may be mounted, below /sys/fs/cgroup; /proc/PID/cgroup, cgroups(7). */
export function parseCpuGroups(cgroup: string): readonly string[] {
  return [...cgroup.matchAll(/^\d+:([^:\n]*):(\/[^\n]*)$/gm)].flatMap(([, controllers, path]) =>
    controllers!.split(',').includes('cpu') ? [`${controllers}${path}`, `cpu${path}`] : [],
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
