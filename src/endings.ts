import type { Grant, Ledger } from './core/ledger.ts';
import { type Attributes, descendsFrom, type Scheduling } from './core/scheduling.ts';
import { isLeader, keyOf, leaderOf, type Thread } from './core/thread.ts';
import { note } from './notes.ts';
import type { Caller, Journal, Logbook, ProcessTable, Scheduler, ThreadHandle } from './ports.ts';
import { Refused } from './refused.ts';
import type { Wards } from './wards.ts';

export interface EndingsParts {
  readonly wards: Wards;
  readonly ledger: Ledger;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly logbook: Logbook;
}

/** The ways in which a grant is over, whether its thread lives on or not. */
export class Endings {
  readonly #parts: EndingsParts;

  constructor(parts: EndingsParts) {
    this.#parts = parts;
  }

  /** The owner returns what he was given. @throws Refused */
  giveBack(grant: Grant, scheduling: Scheduling): void {
    const { thread } = grant;
    const ward = this.#parts.wards.of(thread);
    if (ward === undefined) return;
    this.#parts.scheduler.promote(ward.handle, scheduling);
    this.#parts.wards.strike(thread, 'given-back');
    const text = `Thread ${thread.tid} of process ${thread.process.pid} gave its grant back.`;
    note(this.#parts.journal, 'info', text, grant, { reason: 'given-back' });
  }

  /** The thread returns to what it ran as before, and its grant is over. */
  release(grant: Grant, by: Caller): void {
    const { scheduler, journal, logbook } = this.#parts;
    const { thread, former } = grant;
    const ward = this.#parts.wards.of(thread);
    if (ward === undefined) return;
    logbook.write({ kind: 'leaving', key: keyOf(thread) });
    // Without the mark that every grant has it was changed by somebody who may: that is not ours to undo.
    const isOurs = scheduler.attributes(ward.handle)?.resetOnFork;
    if (isOurs && scheduler.restore(ward.handle, former) === 'gone') return this.ended(thread);
    const { tid, process } = thread;
    const text = `Thread ${tid} of process ${process.pid} was released${byWhom(by)}.`;
    note(journal, 'info', text, grant, { reason: 'released', byUid: by.uid, byPid: by.pid });
    this.#parts.wards.strike(thread, 'released');
  }

  /**
   * Makes the thread an ordinary one, and strikes its grant out.
   * @param by on whose word @throws when the kernel will not: then all stays as it is
   */
  demote(grant: Grant, reason: string, by?: Caller): void {
    const { scheduler, journal, logbook } = this.#parts;
    const { thread } = grant;
    const ward = this.#parts.wards.of(thread);
    if (ward === undefined) return;
    // Who is killed now leaves a thread that was to have nothing, and its successor must know.
    logbook.write({ kind: 'leaving', key: keyOf(thread) });
    // Its end is not known yet, and it may have been by exec: what it gave its leader must not be forgotten.
    if (scheduler.demote(ward.handle) === 'gone') return this.ended(thread);
    const text = `Thread ${thread.tid} of process ${thread.process.pid} was demoted${byWhom(by)}: ${reason}.`;
    note(journal, 'info', text, grant, { reason, ...(by && { byUid: by.uid, byPid: by.pid }) });
    this.#parts.wards.strike(thread, reason);
  }

  /** The same, for who has others to see to: what cannot be done stays in our care, and in the journal. */
  tryDemote(grant: Grant, reason: string, by?: Caller): void {
    try {
      this.demote(grant, reason, by);
    } catch (fault) {
      const { tid, process } = grant.thread;
      const error = fault instanceof Error ? fault.message : String(fault);
      const text = `Thread ${tid} of process ${process.pid} cannot be demoted.`;
      this.#parts.journal.error(text, { tid, pid: process.pid, error });
    }
  }

  demoteAll(reason: string, by?: Caller): void {
    for (const grant of [...this.#parts.ledger.grants()]) this.tryDemote(grant, reason, by);
  }

  /** The thread is gone. */
  ended(thread: Thread): void {
    const ward = this.#parts.wards.of(thread);
    const grant = this.#parts.wards.strike(thread, 'ended');
    if (grant !== undefined && ward?.demoted === undefined) this.demoteExecutor(grant);
  }

  /**
   * A thread that calls execve(2) takes over its leader's tid and keeps its scheduling, while its own tid ends. So when a
   * granted thread is gone and its leader runs with that grant, or what it may have been lowered to, and the ledger does not
   * know why, they are the same one.
   */
  demoteExecutor(grant: Grant): void {
    if (isLeader(grant.thread)) return;
    const { processes, scheduler, ledger } = this.#parts;
    const leader = leaderOf(grant.thread.process);
    const known = ledger.find(leader);
    const isOfGrant = (attributes: Attributes | undefined): boolean =>
      attributes !== undefined &&
      descendsFrom(attributes, grant.scheduling) &&
      !(known !== undefined && descendsFrom(attributes, known.scheduling));
    // Nearly always there is nothing to do, and that is seen without knowing who has the tid.
    if (!isOfGrant(scheduler.glance(leader))) return;
    using handle = tryOpen(processes, leader);
    if (handle === undefined || !isOfGrant(scheduler.attributes(handle))) return;

    scheduler.demote(handle);
    this.#parts.wards.strike(leader, 'exec');
    const text = `Process ${leader.process.pid} called exec from a granted thread and was demoted.`;
    note(this.#parts.journal, 'info', text, { ...grant, thread: leader }, { reason: 'exec' });
  }
}

const byWhom = (by: Caller | undefined): string => (by === undefined ? '' : ` by uid ${by.uid} (process ${by.pid})`);

/** A handle on a thread that may be gone, which is an ordinary answer here. */
export function tryOpen(processes: ProcessTable, thread: Thread): ThreadHandle | undefined {
  try {
    return processes.open(thread);
  } catch (fault) {
    if (fault instanceof Refused) return undefined;
    throw fault;
  }
}
