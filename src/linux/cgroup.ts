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

/** Where a process stands among systemd's units; systemd.unit(5). */
export interface Units {
  /** Of the system's manager. */
  readonly unit: string | undefined;
  /** Of the system's manager, outermost first. */
  readonly slices: readonly string[];
  /** Below the user's own manager, where he names and places things as he likes. */
  readonly userUnits: readonly string[];
}

/**
 * /proc/PID/cgroup, cgroups(7). systemd's path is slices, then a unit; below it the unit does as it likes, and user@UID.service
 * has slices and units of its own there.
 */
export function parseUnits(cgroup: string): Units {
  const own = /^\d+:name=systemd:\/(.+)$/m.exec(cgroup) ?? /^0::\/(.+)$/m.exec(cgroup);
  const names = own === null ? [] : own[1]!.split('/').map(unescapeUnit);
  const slices = leadingSlices(names);
  const unit = unitAt(names, slices.length);
  if (unit === undefined || !/^user@\d+\.service$/.test(unit)) return { unit, slices, userUnits: [] };

  const below = names.slice(slices.length + 1);
  const userSlices = leadingSlices(below);
  const userUnit = unitAt(below, userSlices.length);
  return { unit, slices, userUnits: userUnit === undefined ? userSlices : [...userSlices, userUnit] };
}

/** systemd puts an underscore before names that the kernel uses itself. */
const unescapeUnit = (name: string): string => (name.startsWith('_') ? name.slice(1) : name);

function leadingSlices(names: readonly string[]): readonly string[] {
  const end = names.findIndex((name) => !name.endsWith('.slice'));
  return end === -1 ? names : names.slice(0, end);
}

const unitAt = (names: readonly string[], index: number): string | undefined =>
  names.slice(index, index + 1).find((name) => /.\.(?:service|scope|socket|mount|swap)$/.test(name));

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
