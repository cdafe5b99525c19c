import type { Grant } from './core/ledger.ts';
import { describe } from './core/scheduling.ts';
import type { Fields, Journal } from './ports.ts';

/** A line about one grant, with all that identifies it. */
export function note(
  journal: Journal,
  level: 'info' | 'warning' | 'error',
  text: string,
  { thread, comm, program, scheduling }: Grant,
  fields: Fields = {},
): void {
  const { tid, process } = thread;
  journal[level](text, { uid: process.uid, pid: process.pid, tid, comm, program, ...scheduling, ...fields });
}

export function noteGranted(journal: Journal, grant: Grant): void {
  const { tid, process } = grant.thread;
  const text = `Thread ${tid} of process ${process.pid} (uid ${process.uid}) now runs at ${describe(grant.scheduling)}.`;
  note(journal, 'info', text, grant);
}
