import type { Cooldowns } from './core/cooldown.ts';
import { excessOf, judge, type Request } from './core/judge.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Reason, Refusal } from './core/refusal.ts';
import type { Rulebook } from './core/rulebook.ts';
import type { Terms } from './core/rules.ts';
import type { Process } from './core/thread.ts';
import type { Clock, Face, ProcessTable } from './ports.ts';
import { Refused } from './refused.ts';
import type { Supervisor } from './supervisor.ts';

interface Parts {
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly supervisor: Supervisor;
  readonly processes: ProcessTable;
  readonly rulebook: Rulebook;
  readonly clock: Clock;
}

/** What the rules say to a request, by what is in the books at this moment. It waits for nothing. */
export class Judgement {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What the process may have now: it may have run another program since, and the rules may have changed. */
  termsOf(process: Pick<Process, 'pid' | 'uid'>, face: Face): Terms {
    const { processes, rulebook } = this.#parts;
    const subject = processes.subject(process);
    return face === 'realtimekit1' ? rulebook.advertisedTermsOf(subject) : rulebook.termsOf(subject);
  }

  /** Why it would be refused now, if it would: limits were lowered since. */
  excessOf({ thread, scheduling }: Grant): Reason | undefined {
    const standing = this.#parts.ledger.standing(thread, scheduling.kind);
    return excessOf({ thread, scheduling, rttime: 'unread' }, standing, this.termsOf(thread.process, 'own'));
  }

  /** @throws Refused */
  require(request: Request, terms: Terms): void {
    const refusal = this.#judge(request, terms);
    if (refusal !== undefined) throw new Refused(refusal);
  }

  #judge(request: Request, terms: Terms): Refusal | undefined {
    const { supervisor } = this.#parts;
    const once = () => judge(request, this.#situation(request), terms);
    const refusal = once();
    // A thread that has just ended may still be in the book; it must not cost anybody a place.
    switch (refusal?.reason) {
      case 'thread-limit':
      case 'process-limit':
        return supervisor.sweep(request.thread.process.uid) ? once() : refusal;
      case 'user-limit':
        return supervisor.sweep() ? once() : refusal;
      default:
        return refusal;
    }
  }

  #situation({ thread, scheduling }: Request) {
    const { ledger, cooldowns, supervisor, clock } = this.#parts;
    const coolingMsec = cooldowns.left(thread.process, clock.bootMsec());
    return { ...ledger.standing(thread, scheduling.kind), coolingMsec, suspended: supervisor.suspension.active };
  }
}
