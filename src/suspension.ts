import type { Grant, Ledger } from './core/ledger.ts';
import { type Attributes, descendsFrom, type Scheduling } from './core/scheduling.ts';
import type { Journal, News, Scheduler } from './ports.ts';
import type { Restorations } from './restorations.ts';
import { Turns } from './turns.ts';
import type { Ward, Wards } from './wards.ts';

export interface SuspensionParts {
  readonly wards: Wards;
  readonly ledger: Ledger;
  readonly restorations: Pick<Restorations, 'restore'>;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly tell: (news: News) => void;
}

/** Threads that are seen to in one turn of the event loop: less than a millisecond's work. */
const piece = 16;

/** Root's Suspend and Resume: no grant is in force in between, and no thread is the poorer afterwards. */
export class Suspension {
  readonly #parts: SuspensionParts;
  readonly #turns = new Turns();
  readonly #back = new WeakMap<Ward, readonly Scheduling[]>();
  #active = false;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: SuspensionParts) {
    this.#parts = parts;
  }

  /** Nothing is granted at present. */
  get active(): boolean {
    return this.#active;
  }

  suspend(): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#active) return;
      this.#active = true;
      const threads = await this.#each((grant, ward) => this.#suspend(grant, ward));
      this.#parts.journal.info(`Suspended: ${threads} threads were demoted until Resume.`, { count: threads });
    });
  }

  resume(): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#active) return;
      this.#active = false;
      await this.#each((grant, ward) => this.#resume(grant, ward));
      this.#parts.journal.info('Resumed.');
    });
  }

  /** One after the other, so that each finds what the one before it left. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** @returns for how many that was it */
  async #each(deed: (grant: Grant, ward: Ward) => boolean): Promise<number> {
    const { ledger, wards } = this.#parts;
    let done = 0;
    for await (const grant of this.#turns.pieces([...ledger.grants()], piece)) {
      const ward = wards.of(grant.thread);
      // It may have ended, or been granted anew, since.
      if (ward !== undefined && ledger.find(grant.thread) === grant && deed(grant, ward)) done++;
    }
    return done;
  }

  #suspend(grant: Grant, ward: Ward): boolean {
    const { wards, scheduler, tell, journal } = this.#parts;
    const actual = scheduler.attributes(ward.handle);
    // Who cools down waits for us besides; who runs as something else has nothing of ours that could be taken.
    if (ward.demoted !== undefined || actual === undefined || !descendsFrom(actual, grant.scheduling)) return false;
    try {
      if (scheduler.demote(ward.handle) === 'gone') return false;
    } catch (fault) {
      const { tid, process } = grant.thread;
      const error = fault instanceof Error ? fault.message : String(fault);
      journal.error(`Thread ${tid} of process ${process.pid} cannot be demoted.`, { tid, pid: process.pid, error });
      return false;
    }
    ward.watch.leave();
    wards.demote(ward, 'suspended');
    this.#back.set(ward, schedulingsOf(actual));
    tell({ kind: 'demoted', grant, reason: 'suspended' });
    return true;
  }

  #resume(grant: Grant, ward: Ward): boolean {
    if (ward.demoted !== 'suspended') return false;
    this.#parts.restorations.restore(grant, ward, 'resumed', this.#back.get(ward));
    return true;
  }
}

/** What made it run as it does: a nice level lies under a realtime priority and is not seen until that ends, sched(7). */
function schedulingsOf({ policy, priority, nice }: Attributes): readonly Scheduling[] {
  const level: readonly Scheduling[] = nice < 0 ? [{ kind: 'high-priority', nice }] : [];
  return policy === 'rr' || policy === 'fifo' ? [...level, { kind: 'realtime', priority }] : level;
}
