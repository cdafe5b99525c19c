import type { Cooldowns } from './core/cooldown.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import { claimOf, type Known, type Legacy } from './core/legacy.ts';
import { type Attributes, descendsFrom, isAlike, ordinary, runsAs } from './core/scheduling.ts';
import type { Thread } from './core/thread.ts';
import { note } from './notes.ts';
import type { Journal, ProcessTable, Scheduler, ThreadHandle, Watchdog } from './ports.ts';
import { Refused } from './refused.ts';
import type { Supervisor } from './supervisor.ts';

interface Parts {
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly supervisor: Supervisor;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly journal: Journal;
}

/** What becomes of a thread that a predecessor wrote of, in the words of the journal. */
const outcomes = {
  active: 'run as granted',
  demoted: 'cool down',
  drifted: 'run otherwise by now',
  ended: 'had ended',
  left: 'were to be demoted, and are',
  ungranted: 'had not been granted yet',
  lost: 'cannot be watched',
} as const;
type Outcome = keyof typeof outcomes;

/** Takes over what another broker granted, as far as the kernel confirms it. */
export class Adoption {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** To be called before anybody can ask for anything. */
  adopt({ threads, offenders }: Legacy): void {
    const { ledger, cooldowns, supervisor, journal } = this.#parts;
    for (const [process, conduct] of offenders) cooldowns.remember(process, conduct);

    const tally = new Map<Outcome, number>();
    const ended: Known[] = [];
    for (const known of threads) {
      const outcome = this.#adopt(known);
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      if (outcome === 'ended') ended.push(known);
    }
    // Only now is it known what leaders have in their own right.
    for (const { grant, intent } of ended)
      for (const each of [grant, intent?.grant]) if (each !== undefined) supervisor.endings.demoteExecutor(each);
    for (const pid of ledger.pids()) supervisor.review(pid);

    if (threads.length === 0) return;
    const told = [...tally].map(([outcome, count]) => `${count} ${outcomes[outcome]}`).join(', ');
    const count = ledger.threadCount;
    journal.info(`${count} of ${threads.length} grants were taken over from the broker before: ${told}.`, { count });
  }

  /** Whoever runs by a grant that nobody remembers is watched by nobody: people must know, and may want to demote it. */
  async tellOfUnknown(): Promise<void> {
    const { processes, ledger, journal } = this.#parts;
    for await (const { thread, comm, program } of processes.realtimeThreads()) {
      const actual = ledger.find(thread) === undefined ? this.#attributes(thread) : undefined;
      if (actual === undefined || !actual.resetOnFork) continue;
      const { tid, process } = thread;
      const { policy, priority } = actual;
      journal.warning(
        `Thread ${tid} (${comm}) of process ${process.pid} (uid ${process.uid}) runs at ${policy} ${priority},` +
          ' maybe by a grant that was forgotten, and is not watched.',
        { uid: process.uid, pid: process.pid, tid, comm, program, policy, priority, reason: 'state-damaged' },
      );
    }
  }

  #attributes(thread: Thread): Attributes | undefined {
    try {
      using handle = this.#parts.processes.open(thread);
      return this.#parts.scheduler.attributes(handle);
    } catch (fault) {
      if (fault instanceof Refused) return undefined;
      throw fault;
    }
  }

  #adopt(known: Known): Outcome {
    const { processes, scheduler, supervisor } = this.#parts;
    try {
      using handle = processes.open(told(known).thread);
      const actual = scheduler.attributes(handle);
      if (actual === undefined) return 'ended';
      const grant = claimOf(known, actual);
      if (grant === undefined) return 'ungranted';
      if (known.leaving) {
        if (descendsFrom(actual, grant.scheduling)) scheduler.demote(handle);
        return 'left';
      }

      this.#keep(grant, handle);
      if (runsAs(actual, grant.scheduling)) return 'active';
      // So the watchdog leaves a thread, which cannot drop reset-on-fork itself; and nobody has heard of it.
      if (known.demoted === undefined && !isAlike(actual, ordinary)) return 'drifted';
      supervisor.resume(grant, known.demoted);
      return 'demoted';
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      if (fault.refusal.reason === 'no-such-thread') return 'ended';
      const { tid, process } = told(known).thread;
      const fate = this.#letGo(known) ? 'is not realtime any more' : 'stays as it is';
      const text = `Thread ${tid} of process ${process.pid} cannot be watched, and ${fate}: ${fault.message}`;
      note(this.#parts.journal, 'error', text, told(known), { reason: fault.refusal.reason });
      return 'lost';
    }
  }

  /** @throws Refused */
  #keep(grant: Grant, handle: ThreadHandle): void {
    const { watchdog, ledger, supervisor } = this.#parts;
    const { thread, scheduling } = grant;
    using watch = watchdog.enter(thread, scheduling.kind);
    ledger.hold(thread, scheduling.kind).keep(grant);
    supervisor.keep(grant, handle, watch);
  }

  /** What nobody watches must not run by our grant. @returns whether that is so now */
  #letGo(known: Known): boolean {
    const { processes, scheduler } = this.#parts;
    try {
      using handle = processes.open(told(known).thread, 'once');
      const actual = scheduler.attributes(handle);
      if (actual === undefined) return true;
      const grant = claimOf(known, actual);
      if (grant !== undefined && descendsFrom(actual, grant.scheduling)) scheduler.demote(handle);
      return true;
    } catch (fault) {
      if (fault instanceof Refused) return fault.refusal.reason === 'no-such-thread';
      throw fault;
    }
  }
}

/** Either of them: they are of the same thread. */
function told({ grant, intent }: Known): Grant {
  const either = grant ?? intent?.grant;
  if (either === undefined) throw new Error('a thread of which nothing is known');
  return either;
}
