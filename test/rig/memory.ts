import { readFileSync } from 'node:fs';

/** What of a process's memory is nobody else's, in MiB: /proc/PID/smaps_rollup, proc(5). */
export function anonymousMib(pid: number): number {
  const found = /^Anonymous: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  if (found === undefined) throw new Error('no Anonymous in smaps_rollup');
  return Number(found) / 1024;
}
