import type { Pid, Tid } from '../core/thread.ts';
import type { Wanted } from '../ports.ts';
import { Refused } from '../refused.ts';

/** PID_MAX_LIMIT of 64-bit Linux: every id is below it. */
const idMax = 4_194_304n;

/** What rtkit, which cut ids down to pid_t, took for its (pid_t) -1: "I gave no process". */
const rtkitNoProcess = 0xffff_ffff_ffff_ffffn;

/** Ids as the caller gave them: of what namespace is not said yet. */
export interface Ids {
  /** undefined: the caller's own process. */
  readonly process: Pid | undefined;
  readonly thread: Tid | 'main';
}

/** @throws Refused 'no-such-thread' for an id that no process or thread can have */
export function parseIds({ face, process, thread }: Wanted): Ids {
  const own = process === undefined || (face === 'realtimekit1' && process === rtkitNoProcess);
  return {
    process: own ? undefined : (parseId(process, 'process') as Pid),
    thread: thread === 0n ? 'main' : (parseId(thread, 'thread') as Tid),
  };
}

function parseId(id: bigint, of: 'process' | 'thread'): number {
  if (id < 1n || id >= idMax) throw noSuchThread(`No ${of} can have the id ${id}`);
  return Number(id);
}

export const noSuchThread = (what: string): Refused => new Refused({ reason: 'no-such-thread', what });
