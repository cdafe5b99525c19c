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
  const nameStart = text.indexOf(' (');
  const fields = afterName.exec(text.slice(nameEnd + 1));
  if (fields === null || nameEnd < nameStart || !/^\d+ \(/.test(text))
    throw new Error(`not a stat of /proc: ${JSON.stringify(text.slice(0, 200))}`);

  const [, state, user, system, start] = fields as unknown as [string, string, string, string, string];
  const cpuUsec = (BigInt(user) + BigInt(system)) * usecPerTick;
  return { comm: text.slice(nameStart + 2, nameEnd), state, starttime: BigInt(start) as StartTime, cpuUsec };
}

/** Fields 3, 14, 15 and 22. */
const afterName = /^ ([A-Za-z]) (?:[^ ]+ ){10}(\d{1,20}) (\d{1,20}) (?:[^ ]+ ){6}(\d{1,20})(?: |$)/;

/** USER_HZ is 100 on both architectures we run on; it is not the kernel's own HZ. */
const usecPerTick = 10_000n;
