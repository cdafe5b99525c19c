import type { Cooldowns } from './core/cooldown.ts';
import { driftOf } from './core/drift.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Deed } from './core/legacy.ts';
import type { Rulebook } from './core/rulebook.ts';
import type { Attributes } from './core/scheduling.ts';
import type { Statistics } from './core/statistics.ts';
import { identityOf, keyOf, leaderOf, type Pid, type Process, type Thread, type Uid } from './core/thread.ts';
import { Demotions } from './demotions.ts';
import { Drift } from './drift.ts';
import { Endings } from './endings.ts';
import type {
  Clock,
  Journal,
  Logbook,
  Meddlers,
  News,
  ProcessTable,
  Scheduler,
  ThreadHandle,
  Watch,
  Watchdog,
} from './ports.ts';
import { Restorations } from './restorations.ts';
import { Suspension } from './suspension.ts';
import { Turns } from './turns.ts';
import { Wards } from './wards.ts';

export interface SupervisorParts {
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly rulebook: Rulebook;
  readonly logbook: Logbook;
  readonly meddlers: Meddlers;
  readonly reassertDrifted: boolean;
  readonly statistics: Statistics;
  /** Told of whatever happens to grants. */
  readonly tell: (news: News) => void;
}

export type State = 'active' | 'demoted' | 'drifted';

/** What a granted thread runs as now, and what that means. */
export interface Condition {
  readonly actual: Attributes;
  readonly state: State;
  readonly reason: string;
}

/**
 * A process can change its uid, or call exec from its main thread, and anybody who may can change what a thread runs as;
 * and nobody is told: so it is looked at, so often that it is seen within ten seconds.
 */
const reviewMsec = 9000;

/** Processes that are looked at in one turn of the event loop. */
const piece = 4;

/**
 * A user at his limit who asks again and again must not have all his threads looked at each time: not for so long
 * afterwards, nor, where many are looked at, for so many times as long as that took.
 */
const sweepPauseMsec = 50;
const sweepPauses = 20;
const sweptMax = 1024;

/** Everything that happens to a grant after it was given. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #wards: Wards;
  readonly #demotions: Demotions;
  readonly suspension: Suspension;
  readonly drift: Drift;
  readonly endings: Endings;
  readonly #sweptUntilMsec = new Map<Uid | undefined, number>();
  readonly #turns = new Turns();
  #reviewing = false;
  /** What each process had used when it was found as it was: as long as it has not run since, it need not be looked at again. */
  #reviewedNsec: ReadonlyMap<Pid, number> = new Map();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const wards = new Wards(parts.ledger, parts.logbook, parts.tell);
    this.#wards = wards;
    const restorations = new Restorations({ ...parts, wards, suspended: () => this.suspension.active });
    this.#demotions = new Demotions({ ...parts, wards, restorations });
    this.suspension = new Suspension({ ...parts, wards, restorations });
    this.endings = new Endings({ ...parts, wards });
    this.drift = new Drift({ ...parts, wards });
  }

  /** Some CPU's canary starves. */
  get starved(): boolean {
    return this.#demotions.starved;
  }

  /** Takes a new grant under supervision, in place of the one its thread had. */
  keep({ thread }: Grant, handle: ThreadHandle, watch: Watch): void {
    this.#wards.take(thread, handle, watch, () => this.endings.ended(thread));
    void this.#reviewWhileGranted();
  }

  /** Its thread was demoted for a while before this broker had it. @param reason undefined: nobody heard of it */
  resume(grant: Grant, reason: string | undefined): void {
    const ward = this.#wards.of(grant.thread);
    if (ward !== undefined) this.#demotions.resume(grant, ward, reason);
  }

  /** All that a successor must know. */
  *deeds(): Iterable<Deed> {
    for (const grant of this.#parts.ledger.grants()) {
      yield { kind: 'granted', grant };
      const reason = this.#wards.of(grant.thread)?.demoted;
      if (reason !== undefined) yield { kind: 'demoted', key: keyOf(grant.thread), reason };
    }
    for (const [process, conduct] of this.#parts.cooldowns.offenders()) yield { kind: 'offended', process, conduct };
  }

  /** Undefined when the thread is gone. */
  condition({ thread, scheduling }: Grant): Condition | undefined {
    const ward = this.#wards.of(thread);
    const actual = ward && this.#parts.scheduler.attributes(ward.handle);
    if (actual === undefined) return undefined;
    if (ward?.demoted !== undefined) return { actual, state: 'demoted', reason: ward.demoted };
    const drift = driftOf(actual, scheduling);
    return drift === undefined ? { actual, state: 'active', reason: '' } : { actual, state: 'drifted', reason: drift };
  }

  /**
   * Looks who of this user's, or of all, has ended or left, unless it has just been looked in vain.
   * @returns whether anybody had
   */
  sweep(uid?: Uid): boolean {
    const nowMsec = this.#parts.clock.bootMsec();
    if (nowMsec < (this.#sweptUntilMsec.get(uid) ?? 0)) return false;

    const ended = [...this.#parts.ledger.grants(uid)].filter(
      ({ thread }) => this.#wards.of(thread)?.handle.gone !== false,
    );
    for (const { thread } of ended) this.endings.ended(thread);
    const left = this.drift.sweep(uid);
    if (this.#sweptUntilMsec.size > sweptMax) this.#sweptUntilMsec.clear();
    const tookMsec = this.#parts.clock.bootMsec() - nowMsec;
    this.#sweptUntilMsec.set(uid, nowMsec + tookMsec + Math.max(sweepPauseMsec, sweepPauses * tookMsec));
    return ended.length > 0 || left;
  }

  /**
   * Ends the grants of a process that is not whose it was. One look at the process, however many threads it has.
   * @param seen who has the pid, when that was looked at just now
   * @returns whether all are as they were
   */
  review(pid: Pid, seen?: Process): boolean {
    const { ledger, processes } = this.#parts;
    let areSame = true;
    for (const process of ledger.processesOfPid(pid)) {
      const isSeen = seen !== undefined && identityOf(process) === identityOf(seen);
      const standing = isSeen ? 'same' : processes.standingOf(process);
      if (standing !== 'same') {
        areSame = false;
        for (const grant of ledger.grantsOf(process)) {
          if (standing === 'uid-changed') this.endings.tryDemote(grant, standing);
          else this.endings.ended(grant.thread);
        }
      }
      if (this.#endLeftBehind(leaderOf(process))) areSame = false;
    }
    return areSame;
  }

  /** Of a main thread that ends before its process nobody is told: since Linux 6.15 its pidfd waits for the others. */
  #endLeftBehind(leader: Thread): boolean {
    const isOver = this.#wards.of(leader)?.handle.gone === true;
    if (isOver) this.endings.ended(leader);
    return isOver;
  }

  async #reviewWhileGranted(): Promise<void> {
    if (this.#reviewing) return;
    this.#reviewing = true;
    while (this.#parts.ledger.threadCount > 0) {
      await this.#parts.clock.sleep(reviewMsec);
      // What the watchdog did may not be heard yet, where nothing could be: that is not to be taken for others' doing.
      await this.#turns.next();
      await this.#reviewAll();
    }
    this.#reviewing = false;
  }

  async #reviewAll(): Promise<void> {
    const { ledger, processes } = this.#parts;
    const reviewed = new Map<Pid, number>();
    for (const [index, pid] of ledger.pids().entries()) {
      if (index > 0 && index % piece === 0) await this.#turns.next();
      // Asked before the look: what happens during it is seen the next time.
      const usedNsec = processes.usedNsec(pid);
      const isAsReviewed = usedNsec !== undefined && this.#reviewedNsec.get(pid) === usedNsec;
      if ((isAsReviewed || this.review(pid)) && usedNsec !== undefined) reviewed.set(pid, usedNsec);
      for (const process of ledger.processesOfPid(pid))
        for (const grant of ledger.grantsOf(process)) this.drift.look(grant);
    }
    this.#reviewedNsec = reviewed;
    await this.drift.tell();
  }
}
