import type { Cooldowns } from './core/cooldown.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import { describe, runsAs } from './core/scheduling.ts';
import { leaderOf, type Process } from './core/thread.ts';
import { note } from './notes.ts';
import type { Clock, Journal, Logbook, News, Scheduler, Stranger, Watchdog, WatchdogEvent } from './ports.ts';
import type { Restorations } from './restorations.ts';
import type { Ward, Wards } from './wards.ts';

export interface DemotionsParts {
  readonly wards: Wards;
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly restorations: Pick<Restorations, 'afterCooldown'>;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly logbook: Logbook;
  readonly tell: (news: News) => void;
}

/** What follows from the watchdog's deeds: an offender cools down, and everybody hears of it. */
export class Demotions {
  readonly #parts: DemotionsParts;
  readonly #starved = new Set<number>();

  constructor(parts: DemotionsParts) {
    this.#parts = parts;
    parts.watchdog.onEvent = (event) => this.#hear(event);
  }

  /** Some CPU's canary starves. */
  get starved(): boolean {
    return this.#starved.size > 0;
  }

  #hear(event: WatchdogEvent): void {
    switch (event.kind) {
      case 'demoted':
        return this.#demoted(event);
      case 'starved':
        return this.#starvedOn(event);
      case 'recovered':
        return this.#recovered(event.cpu);
      case 'stranger':
        return this.#noteStranger(event);
      case 'heir-demoted':
        return this.#heirDemoted(event.cookie);
      case 'lost':
        return this.#lookForTheLost(event.count);
    }
  }

  #starvedOn({ cpu, reason, lateUsec }: WatchdogEvent & { kind: 'starved' }): void {
    this.#starved.add(cpu);
    if (reason === 'innocent')
      this.#parts.journal.warning(`CPU ${cpu} starves (${msec(lateUsec)} late), and no granted thread is to blame.`, {
        reason,
        cpu,
        lateUsec,
      });
    this.#parts.tell({ kind: 'starved', cpu, lateUsec });
  }

  #recovered(cpu: number): void {
    this.#starved.delete(cpu);
    this.#parts.tell({ kind: 'recovered', cpu });
  }

  #noteStranger({ cpu, tid, pid, comm, policy, priority, share, demoted }: Stranger): void {
    const done = demoted ? 'was demoted' : 'is none of ours, and was left alone (canary.demote_unknown)';
    this.#parts.journal.warning(
      `Thread ${tid} (${comm}) of process ${pid}, which nobody granted, took ${Math.round(share * 100)} %` +
        ` of CPU ${cpu} at ${policy} ${priority}; it ${done}.`,
      { tid, pid, comm, policy, priority, cpu, reason: 'stranger' },
    );
  }

  /** What a worker's exec made of its grant has been demoted by the watchdog already. */
  #heirDemoted(cookie: number): void {
    const { wards, journal } = this.#parts;
    // Its end may have been heard before.
    const grant = wards.ofCookie(cookie)?.grant ?? wards.overOfCookie(cookie);
    if (grant === undefined) return;
    const { process } = grant.thread;
    this.#noteOffence(process);
    wards.strike(grant.thread, 'exec');
    const text = `Process ${process.pid} called exec from a granted thread, starved a CPU and was demoted.`;
    note(journal, 'warning', text, { ...grant, thread: leaderOf(process) }, { reason: 'exec' });
  }

  /** Whoever was demoted unheard is found by what he runs as. Which CPUs starve, only what comes next can tell. */
  #lookForTheLost(count: number): void {
    const { wards, ledger, scheduler, journal } = this.#parts;
    journal.error(`${count} events of the watchdog were lost; every grant is looked at.`, { count });
    for (const cpu of [...this.#starved]) this.#recovered(cpu);
    for (const grant of [...ledger.grants()]) {
      const ward = wards.of(grant.thread);
      const actual = ward && scheduler.attributes(ward.handle);
      if (ward === undefined || ward.demoted !== undefined || actual?.policy !== 'other') continue;
      if (!runsAs(actual, grant.scheduling)) this.#coolDown(grant, ward, 'unknown');
    }
  }

  /** What another broker began. @param reason undefined: it was demoted unheard */
  resume(grant: Grant, ward: Ward, reason: string | undefined): void {
    if (reason === undefined) return this.#coolDown(grant, ward, 'unknown');
    this.#parts.wards.demote(ward, reason);
    void this.#parts.restorations.afterCooldown(grant, ward);
  }

  #demoted(event: WatchdogEvent & { kind: 'demoted' }): void {
    const { wards, scheduler } = this.#parts;
    const { cookie, reason } = event;
    const found = wards.ofCookie(cookie);
    if (found === undefined) return this.#demotedLast(event);
    const { grant, ward } = found;
    // Granted anew, or put back, before this was heard: what the watchdog did is done once more.
    if (ward.watch.cookie !== cookie || this.#runsAsGranted(grant, ward)) {
      scheduler.demote(ward.handle);
      ward.watch.leave();
    }
    this.#coolDown(grant, ward, reason);
    this.#noteDemotion(event, grant, ` for ${this.#waitSec(grant)} s`);
  }

  /** Its grant was over before this was heard; its process waits all the same. */
  #demotedLast(event: WatchdogEvent & { kind: 'demoted' }): void {
    const grant = this.#parts.wards.overOfCookie(event.cookie);
    if (grant === undefined) return;
    this.#noteOffence(grant.thread.process);
    this.#noteDemotion(event, grant, `; its grant is over since, and its process waits ${this.#waitSec(grant)} s`);
  }

  #waitSec({ thread }: Grant): number {
    const { cooldowns, clock } = this.#parts;
    return Math.round(cooldowns.left(thread.process, clock.bootMsec()) / 1000);
  }

  #noteDemotion(event: WatchdogEvent & { kind: 'demoted' }, grant: Grant, outcome: string): void {
    const { reason, cpu, lateUsec, ranUsec, windowUsec } = event;
    const { tid, process } = grant.thread;
    note(
      this.#parts.journal,
      'warning',
      `Thread ${tid} (${grant.comm}) of process ${process.pid} starved CPU ${cpu}` +
        ` (${reason}: ${msec(lateUsec)} late, ${msec(ranUsec)} of ${msec(windowUsec)} used)` +
        ` and was demoted from ${describe(grant.scheduling)}${outcome}.`,
      grant,
      { reason, cpu, lateUsec, ranUsec },
    );
  }

  #runsAsGranted(grant: Grant, { handle }: Ward): boolean {
    const actual = this.#parts.scheduler.attributes(handle);
    return actual !== undefined && runsAs(actual, grant.scheduling);
  }

  #coolDown(grant: Grant, ward: Ward, reason: string): void {
    const { wards, tell } = this.#parts;
    wards.demote(ward, reason);
    this.#noteOffence(grant.thread.process);
    tell({ kind: 'demoted', grant, reason });
    void this.#parts.restorations.afterCooldown(grant, ward);
  }

  #noteOffence(process: Process): void {
    const { cooldowns, clock, logbook } = this.#parts;
    logbook.write({ kind: 'offended', process, conduct: cooldowns.note(process, clock.bootMsec()) });
  }
}

const msec = (usec: number): string => `${Math.round(usec / 1000)} ms`;
