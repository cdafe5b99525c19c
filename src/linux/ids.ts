import type { Pid, Tid } from '../core/thread.ts';
import type { Target } from '../ports.ts';
import { Refused } from '../refused.ts';

/** PID_MAX_LIMIT of 64-bit Linux: every id is below it. */
const idMax = 4_194_304n;

/** Ids as the caller gave them: of what namespace is not said yet. */
export interface Ids {
  /** undefined: the caller's own process. */
  readonly process: Pid | undefined;
  readonly thread: Tid | 'main';
}

/** @throws Refused 'no-such-thread' for an id that no process or thread can have */
export function parseIds({ process, thread }: Target): Ids {
  return {
    process: process === undefined ? undefined : (parseId(process, 'process') as Pid),
    thread: thread === 0n ? 'main' : (parseId(thread, 'thread') as Tid),
  };
}

function parseId(id: bigint, of: 'process' | 'thread'): number {
  if (id < 1n || id >= idMax) throw noSuchThread(`No ${of} can have the id ${id}`);
  return Number(id);
}

export const noSuchThread = (what: string): Refused => new Refused({ reason: 'no-such-thread', what });
