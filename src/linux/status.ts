import type { Gid, Pid, Uid } from '../core/thread.ts';

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
  const state = lineOf(text, 'State')?.[0];
  const [tgid] = numbersOf(text, 'Tgid');
  const [threads] = numbersOf(text, 'Threads');
  const uids = numbersOf(text, 'Uid') as readonly Uid[];
  if (state === undefined || tgid === undefined || threads === undefined || uids.length !== 4)
    throw new Error(`not a status of /proc: ${JSON.stringify(text.slice(0, 200))}`);

  return { state, tgid: tgid as Pid, uids, threads, nspid: numbersOf(text, 'NSpid') };
}

/** From the same file: real, effective, saved and file-system gid, and the supplementary groups, up to 65536. */
export const parseGroups = (text: string): readonly Gid[] =>
  [...numbersOf(text, 'Gid'), ...numbersOf(text, 'Groups')] as readonly number[] as readonly Gid[];

/** What follows "Key:\t"; undefined when the line is cut short, too. The name is the first line, and no key. */
function lineOf(text: string, key: string): string | undefined {
  const label = `\n${key}:\t`;
  const start = text.indexOf(label);
  const end = start === -1 ? -1 : text.indexOf('\n', start + 1);
  return end === -1 ? undefined : text.slice(start + label.length, end);
}

/** Separated by tabs or spaces; with one behind the last, too, or nothing at all. */
function numbersOf(text: string, key: string): readonly number[] {
  const line = lineOf(text, key) ?? '';
  return /^[\d\t ]*$/.test(line) ? (line.match(/\d+/g)?.map(Number) ?? []) : [];
}
