import type { Cooldowns } from './core/cooldown.ts';
import { type Drift as Cause, describeActual, driftOf } from './core/drift.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Rulebook } from './core/rulebook.ts';
import { type Attributes, describe } from './core/scheduling.ts';
import type { Statistics } from './core/statistics.ts';
import type { Uid } from './core/thread.ts';
import { note } from './notes.ts';
import { obstacleTo } from './obstacle.ts';
import type { Clock, Journal, Meddlers, ProcessTable, Scheduler } from './ports.ts';
import { Refused } from './refused.ts';
import type { Ward, Wards } from './wards.ts';

export interface DriftParts {
  readonly wards: Wards;
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly rulebook: Rulebook;
  readonly meddlers: Meddlers;
  readonly statistics: Pick<Statistics, 'drifts'>;
  readonly reassertDrifted: boolean;
}

/** The journal tells of a thread, and a thread is put back, at most so often: whoever changes it goes on doing so. */
const toldMsec = 600_000;
const reassertMsec = 60_000;

interface Finding {
  readonly grant: Grant;
  readonly actual: Attributes;
  readonly cause: Cause;
  readonly isBack: boolean;
}

/** Granted threads that run otherwise by now: looked for, told of, and left alone unless the configuration says otherwise. */
export class Drift {
  readonly #parts: DriftParts;
  /** Whether a thread is put back that others changed. */
  reassert: boolean;
  readonly #toldMsec = new WeakMap<Ward, number>();
  readonly #reassertedMsec = new WeakMap<Ward, number>();
  #found: Finding[] = [];

  constructor(parts: DriftParts) {
    this.#parts = parts;
    this.reassert = parts.reassertDrifted;
  }

  /** Looks at one thread. */
  look(grant: Grant): void {
    const { wards, clock } = this.#parts;
    const ward = wards.of(grant.thread);
    const [actual, cause] = this.#seen(grant, ward);
    if (ward === undefined || actual === undefined || cause === undefined) return;
    if (cause === 'left') return this.#strike(grant);

    const isBack = cause === 'changed-by-others' && this.#reassert(grant, ward);
    const nowMsec = clock.bootMsec();
    if (nowMsec < (this.#toldMsec.get(ward) ?? 0)) return;
    this.#toldMsec.set(ward, nowMsec + toldMsec);
    this.#parts.statistics.drifts.add(cause);
    this.#found.push({ grant, actual, cause, isBack });
  }

  /** Who has nothing of what he was granted any more needs no place for it. @returns whether there was anybody */
  sweep(uid?: Uid): boolean {
    const { ledger, wards } = this.#parts;
    const left = [...ledger.grants(uid)].filter((grant) => this.#seen(grant, wards.of(grant.thread))[1] === 'left');
    for (const grant of left) this.#strike(grant);
    return left.length > 0;
  }

  /** Tells of what was found since. Never rejects. */
  async tell(): Promise<void> {
    const found = this.#found.splice(0);
    if (found.length === 0) return;
    const meddlers = await this.#parts.meddlers.running();
    for (const finding of found) this.#note(finding, meddlers);
  }

  #seen(grant: Grant, ward: Ward | undefined): readonly [Attributes | undefined, Cause | undefined] {
    const actual = ward && ward.demoted === undefined ? this.#parts.scheduler.attributes(ward.handle) : undefined;
    return [actual, actual && driftOf(actual, grant.scheduling)];
  }

  #strike(grant: Grant): void {
    const { tid, process } = grant.thread;
    this.#parts.wards.strike(grant.thread, 'left');
    const text = `Thread ${tid} of process ${process.pid} made itself an ordinary one: it left its grant.`;
    note(this.#parts.journal, 'info', text, grant, { reason: 'left' });
  }

  /** Never against its owner, and never more than he would be granted now. @returns whether it runs as granted again */
  #reassert(grant: Grant, ward: Ward): boolean {
    const { cooldowns, scheduler, clock } = this.#parts;
    const { thread, scheduling } = grant;
    const nowMsec = clock.bootMsec();
    if (!this.reassert || nowMsec < (this.#reassertedMsec.get(ward) ?? 0)) return false;
    if (cooldowns.left(thread.process, nowMsec) > 0) return false;
    try {
      if (obstacleTo(grant, this.#parts) !== undefined) return false;
      this.#reassertedMsec.set(ward, nowMsec + reassertMsec);
      scheduler.promote(ward.handle, scheduling);
      return true;
    } catch (fault) {
      // It ended, or the kernel does not want it: then it stays as it is.
      if (fault instanceof Refused) return false;
      throw fault;
    }
  }

  #note({ grant, actual, cause, isBack }: Finding, meddlers: readonly string[]): void {
    const { thread, scheduling } = grant;
    const { tid, process } = thread;
    const told =
      `Thread ${tid} of process ${process.pid}, which was granted ${describe(scheduling)}, runs as` +
      ` ${describeActual(actual)} by now (${cause}).`;
    const back = isBack ? ' It was put back (drift.reassert).' : '';
    const suspects = meddlers.length === 0 ? '' : ` Known to change such things, and running: ${meddlers.join(', ')}.`;
    const level = cause === 'lowered' ? 'info' : 'warning';
    note(this.#parts.journal, level, `${told}${back}${suspects}`, grant, { reason: cause });
  }
}
