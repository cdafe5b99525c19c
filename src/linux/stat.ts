import type { StartTime } from '../core/thread.ts';

export interface Stat {
  readonly comm: string;
  readonly state: string;
  readonly starttime: StartTime;
  /** CPU time used, in steps of 10 ms. */
  readonly cpuUsec: bigint;
}

/** Zombies and what is left of them have an entry in /proc and will never run again; proc(5). */
export const hasEnded = ({ state }: { readonly state: string }): boolean => state === 'Z' || state === 'X';

/**
 * /proc/PID/stat and /proc/PID/task/TID/stat. The name in field 2 may hold spaces, parentheses and line feeds, so fields
 * are counted from the last ')'.
 * @throws Error when it is no stat
 */
export function parseStat(text: string): Stat {
  const nameEnd = text.lastIndexOf(')');
  const name = /^\d+ \((.*)$/s.exec(text.slice(0, Math.max(0, nameEnd)));
  const fields = text.slice(nameEnd + 2).split(' ', 20);
  const field = (number: number): string => fields[number - 3] ?? '';

  const state = field(3);
  const ticks = [field(14), field(15), field(22)];
  if (name === null || !/^[A-Za-z]$/.test(state) || !ticks.every((digits) => /^\d{1,20}$/.test(digits)))
    throw new Error(`not a stat of /proc: ${JSON.stringify(text.slice(0, 200))}`);

  const [user, system, start] = ticks.map(BigInt) as [bigint, bigint, bigint];
  return { comm: name[1]!, state, starttime: start as StartTime, cpuUsec: (user + system) * usecPerTick };
}

/** USER_HZ is 100 on both architectures we run on; it is not the kernel's own HZ. */
const usecPerTick = 10_000n;
