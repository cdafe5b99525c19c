import type { Pid, Uid } from '../core/thread.ts';

export interface Status {
  readonly state: string;
  /** The process it belongs to; its own pid for a main thread. */
  readonly tgid: Pid;
  /** Real, effective, saved and file-system uid. */
  readonly uids: readonly Uid[];
  /** How many threads its process has, itself included. */
  readonly threads: number;
  /** Its id in each PID namespace it is in, ours first, its own last; empty on a kernel without PID namespaces. */
  readonly nspid: readonly number[];
}

/**
 * /proc/PID/status and /proc/PID/task/TID/status, proc(5). The kernel escapes line feeds in the name, so that no name can
 * add a line.
 * @throws Error when it is no status
 */
export function parseStatus(text: string): Status {
  const line = (key: string): string | undefined => new RegExp(`^${key}:[\\t ]*([^\\n]*)\\n`, 'm').exec(text)?.[1];
  const numbers = (key: string): readonly number[] =>
    (line(key) ?? '').split(/[\t ]+/).flatMap((digits) => (/^\d{1,10}$/.test(digits) ? [Number(digits)] : []));

  const state = line('State')?.[0];
  const [tgid] = numbers('Tgid');
  const [threads] = numbers('Threads');
  const uids = numbers('Uid') as readonly Uid[];
  if (state === undefined || tgid === undefined || threads === undefined || uids.length !== 4)
    throw new Error(`not a status of /proc: ${JSON.stringify(text.slice(0, 200))}`);

  return { state, tgid: tgid as Pid, uids, threads, nspid: numbers('NSpid') };
}
