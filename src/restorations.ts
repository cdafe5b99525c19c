import type { Cooldowns } from './core/cooldown.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Rulebook } from './core/rulebook.ts';
import { describe, type Scheduling } from './core/scheduling.ts';
import { note } from './notes.ts';
import { obstacleTo } from './obstacle.ts';
import type { Clock, Journal, News, ProcessTable, Scheduler, Watchdog } from './ports.ts';
import { Refused } from './refused.ts';
import type { Ward, Wards } from './wards.ts';

export interface RestorationsParts {
  readonly wards: Wards;
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly rulebook: Rulebook;
  readonly tell: (news: News) => void;
  /** Whether nothing may be given back at present. */
  readonly suspended: () => boolean;
}

/** While the machine sleeps a cool-down goes on, and timers do not: so none is longer than this. */
const napMsec = 30_000;

/** The way back of those who were demoted for a while. */
export class Restorations {
  readonly #parts: RestorationsParts;

  constructor(parts: RestorationsParts) {
    this.#parts = parts;
  }

  /** Waits until its process has cooled down, and gives it back what it had. */
  async afterCooldown(grant: Grant, ward: Ward): Promise<void> {
    const { wards, cooldowns, clock } = this.#parts;
    const { thread } = grant;
    const leftMsec = () => cooldowns.left(thread.process, clock.bootMsec());
    const isInForce = () => wards.of(thread) === ward && ward.demoted !== undefined;
    // Another thread of the process may have offended meanwhile: then all wait on.
    while (isInForce() && leftMsec() > 0) await clock.sleep(Math.min(leftMsec(), napMsec));
    if (!isInForce()) return;
    if (this.#parts.suspended()) wards.demote(ward, 'suspended');
    else this.restore(grant, ward, 'cooled-down');
  }

  /**
   * Its grant comes back if it is as we left it: same thread, same owner, and nobody else took an interest.
   * @param back what it is made, one after the other
   */
  restore(grant: Grant, ward: Ward, reason: string, back: readonly Scheduling[] = [grant.scheduling]): void {
    const { wards, scheduler, watchdog, journal, tell } = this.#parts;
    const { thread, scheduling } = grant;
    let given = 0;
    try {
      const obstacle = this.#obstacle(grant, ward);
      if (obstacle !== undefined) return this.#giveUp(grant, obstacle);

      using watch = watchdog.enter(thread, scheduling.kind);
      for (const each of back) {
        scheduler.promote(ward.handle, each);
        given++;
      }
      wards.restore(ward, watch);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      // The nice level under a priority that is refused.
      if (given > 0) scheduler.demote(ward.handle);
      return this.#giveUp(grant, fault.refusal.reason);
    }
    const text = `Thread ${thread.tid} of process ${thread.process.pid} has ${describe(scheduling)} back.`;
    note(journal, 'info', text, grant, { reason });
    tell({ kind: 'restored', grant });
  }

  #obstacle(grant: Grant, { handle }: Ward): string | undefined {
    const actual = this.#parts.scheduler.attributes(handle);
    const isAsWeLeftIt = actual?.policy === 'other' && actual.nice === 0;
    return obstacleTo(grant, this.#parts) ?? (isAsWeLeftIt ? undefined : 'changed-by-others');
  }

  #giveUp(grant: Grant, reason: string): void {
    const { wards, journal } = this.#parts;
    const { tid, process } = grant.thread;
    wards.strike(grant.thread, reason);
    const text = `Thread ${tid} of process ${process.pid} does not get its grant back: ${reason}.`;
    note(journal, 'info', text, grant, { reason });
  }
}
