import type { Grant, Ledger } from './core/ledger.ts';
import type { Thread } from './core/thread.ts';
import { tryOpen } from './endings.ts';
import type { Journal, ProcessTable, Scheduler } from './ports.ts';
import type { Supervisor } from './supervisor.ts';
import { Turns } from './turns.ts';

interface Parts {
  readonly ledger: Ledger;
  readonly supervisor: Supervisor;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
}

/** Threads that are reset in one turn of the event loop: less than a millisecond's work. */
const piece = 16;

/** Root takes realtime from many at once, for good, and nobody who asks for something meanwhile is kept waiting. */
export class Resets {
  readonly #parts: Parts;
  readonly #turns = new Turns();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Of all that was granted, high priority too. */
  known(): Promise<void> {
    return this.#reset(() => true);
  }

  /** Of every realtime thread there is but root's, whoever gave it that. */
  async all(): Promise<void> {
    const { ledger, processes, journal } = this.#parts;
    // Those that cool down, too, who do not run as realtime now.
    await this.#reset(({ scheduling, thread }) => scheduling.kind === 'realtime' && thread.process.uid !== 0);
    let count = 0;
    for await (const { thread } of processes.realtimeThreads()) {
      const grant = ledger.find(thread);
      if (grant !== undefined) this.#try(thread, () => this.#parts.supervisor.endings.demote(grant, 'reset'));
      else if (this.#try(thread, () => this.#demoteStranger(thread))) count++;
    }
    const text = `ResetAll demoted ${count} realtime threads that nobody granted.`;
    if (count > 0) journal.info(text, { count, reason: 'reset' });
  }

  async #reset(meant: (grant: Grant) => boolean): Promise<void> {
    const { ledger, supervisor } = this.#parts;
    // It may have ended, or been granted anew, since.
    for await (const grant of this.#turns.pieces([...ledger.grants()].filter(meant), piece))
      if (ledger.find(grant.thread) === grant) this.#try(grant.thread, () => supervisor.endings.demote(grant, 'reset'));
  }

  /** @returns whether it was still realtime */
  #demoteStranger(thread: Thread): boolean {
    const { processes, scheduler } = this.#parts;
    using handle = tryOpen(processes, thread);
    const policy = handle && scheduler.attributes(handle)?.policy;
    if (handle === undefined || (policy !== 'fifo' && policy !== 'rr')) return false;
    return scheduler.demote(handle) === 'demoted';
  }

  /** The others must not be left as they are for the sake of one. */
  #try<Result>({ tid, process }: Thread, deed: () => Result): Result | undefined {
    try {
      return deed();
    } catch (fault) {
      const error = fault instanceof Error ? fault.message : String(fault);
      const { pid } = process;
      this.#parts.journal.error(`Thread ${tid} of process ${pid} cannot be demoted.`, { tid, pid, error });
      return undefined;
    }
  }
}
