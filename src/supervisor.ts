import type { Cooldowns } from './core/cooldown.ts';
import { judge } from './core/judge.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Limits } from './core/limits.ts';
import { type Attributes, describe, runsAs, type Scheduling } from './core/scheduling.ts';
import { isLeader, keyOf, leaderOf, type Pid, type Thread, type Uid } from './core/thread.ts';
import type {
  Clock,
  Fields,
  Journal,
  News,
  ProcessTable,
  Scheduler,
  Stranger,
  ThreadHandle,
  Watch,
  Watchdog,
  WatchdogEvent,
} from './ports.ts';
import { Refused } from './refused.ts';

export interface SupervisorParts {
  readonly ledger: Ledger;
  readonly cooldowns: Cooldowns;
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly limits: Limits;
  /** Told of whatever happens to grants. */
  readonly tell: (news: News) => void;
}

/** A live grant: what is held of its thread, and whether the watchdog took it away for a while. */
interface Ward {
  readonly handle: ThreadHandle;
  watch: Watch;
  demoted: string | undefined;
}

export type State = 'active' | 'demoted' | 'drifted';

/** What a granted thread runs as now, and what that means. */
export interface Condition {
  readonly actual: Attributes;
  readonly state: State;
  readonly reason: string;
}

/** A process can change its uid, or call exec from its main thread, and nobody is told: so it is looked at. */
const reviewMsec = 10_000;

/** Everything that happens to a grant after it was given. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #wards = new Map<string, Ward>();
  readonly #ofCookie = new Map<number, Thread>();
  readonly #starved = new Set<number>();
  #reviewing = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    parts.watchdog.onEvent = (event) => this.#hear(event);
  }

  /** Some CPU's canary starves. */
  get starved(): boolean {
    return this.#starved.size > 0;
  }

  /** Takes a new grant under supervision, in place of the one its thread had. */
  keep(grant: Grant, handle: ThreadHandle, watch: Watch): void {
    const { thread } = grant;
    this.#drop(thread);
    this.#wards.set(keyOf(thread), { handle, watch, demoted: undefined });
    this.#ofCookie.set(watch.cookie, thread);
    watch.keep();
    handle.keep(() => this.#ended(thread));
    void this.#reviewWhileGranted();
  }

  /** Undefined when the thread is gone. */
  condition({ thread, scheduling }: Grant): Condition | undefined {
    const ward = this.#wards.get(keyOf(thread));
    const actual = ward && this.#parts.scheduler.attributes(ward.handle);
    if (actual === undefined) return undefined;
    if (ward?.demoted !== undefined) return { actual, state: 'demoted', reason: ward.demoted };
    if (!runsAs(actual, scheduling)) return { actual, state: 'drifted', reason: 'changed-by-others' };
    return { actual, state: 'active', reason: '' };
  }

  /** The owner returns what he was given. @throws Refused */
  giveBack(grant: Grant, scheduling: Scheduling): void {
    const { thread } = grant;
    const ward = this.#wards.get(keyOf(thread));
    if (ward === undefined) return;
    this.#parts.scheduler.promote(ward.handle, scheduling);
    this.#strike(thread, 'given-back');
    this.#note('info', `Thread ${thread.tid} of process ${thread.process.pid} gave its grant back.`, grant, {
      reason: 'given-back',
    });
  }

  demoteAll(reason: string): void {
    for (const grant of [...this.#parts.ledger.grants()]) this.#demote(grant, reason);
  }

  /** Looks who of this user's, or of all, has ended. @returns whether anybody had */
  sweep(uid?: Uid): boolean {
    const ended = [...this.#parts.ledger.grants(uid)].filter(
      ({ thread }) => this.#wards.get(keyOf(thread))?.handle.gone !== false,
    );
    for (const { thread } of ended) this.#ended(thread);
    return ended.length > 0;
  }

  /** Ends the grants of a process that is not whose it was. One look at the process, however many threads it has. */
  review(pid: Pid): void {
    const grants = this.#parts.ledger.grantsOfPid(pid);
    const standings = new Map<string, ReturnType<ProcessTable['standingOf']>>();
    for (const grant of grants) {
      const { process } = grant.thread;
      const key = `${process.starttime} ${process.uid}`;
      const standing = standings.get(key) ?? this.#parts.processes.standingOf(process);
      standings.set(key, standing);
      if (standing === 'uid-changed') this.#demote(grant, 'uid-changed');
      if (standing === 'gone' || this.#leftBehind(grant.thread)) this.#ended(grant.thread);
    }
  }

  /** Of a main thread that ends before its process nobody is told: since Linux 6.15 its pidfd waits for the others. */
  #leftBehind(thread: Thread): boolean {
    return isLeader(thread) && this.#wards.get(keyOf(thread))?.handle.gone === true;
  }

  async #reviewWhileGranted(): Promise<void> {
    if (this.#reviewing) return;
    this.#reviewing = true;
    while (this.#parts.ledger.threadCount > 0) {
      await this.#parts.clock.sleep(reviewMsec);
      for (const pid of this.#parts.ledger.pids()) this.review(pid);
    }
    this.#reviewing = false;
  }

  #ended(thread: Thread): void {
    const ward = this.#wards.get(keyOf(thread));
    const grant = this.#strike(thread, 'ended');
    if (grant !== undefined && ward?.demoted === undefined && !isLeader(thread)) this.#demoteExecutor(grant);
  }

  /**
   * A thread that calls execve(2) takes over its leader's tid and keeps its scheduling, while its own tid ends. So when a
   * granted thread is gone and its leader runs with exactly that grant, unknown to the ledger, they are the same one.
   */
  #demoteExecutor(grant: Grant): void {
    const { processes, scheduler, ledger } = this.#parts;
    const leader = leaderOf(grant.thread.process);
    using handle = tryOpen(processes, leader);
    if (handle === undefined) return;
    const attributes = scheduler.attributes(handle);
    if (attributes === undefined || !runsAs(attributes, grant.scheduling)) return;
    const known = ledger.find(leader);
    if (known !== undefined && runsAs(attributes, known.scheduling)) return;

    scheduler.demote(handle);
    this.#strike(leader, 'exec');
    const text = `Process ${leader.process.pid} called exec from a granted thread and was demoted.`;
    this.#note('info', text, { ...grant, thread: leader }, { reason: 'exec' });
  }

  #demote(grant: Grant, reason: string): void {
    const { thread } = grant;
    const ward = this.#wards.get(keyOf(thread));
    if (ward !== undefined && this.#parts.scheduler.demote(ward.handle) === 'demoted')
      this.#note('info', `Thread ${thread.tid} of process ${thread.process.pid} was demoted: ${reason}.`, grant, {
        reason,
      });
    this.#strike(thread, reason);
  }

  #hear(event: WatchdogEvent): void {
    switch (event.kind) {
      case 'demoted':
        return this.#demotedByWatchdog(event);
      case 'starved':
        return this.#starvedOn(event);
      case 'recovered':
        this.#starved.delete(event.cpu);
        return this.#parts.tell({ kind: 'recovered', cpu: event.cpu });
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
    const thread = this.#ofCookie.get(cookie);
    const grant = thread && this.#parts.ledger.find(thread);
    if (thread === undefined || grant === undefined) return;
    this.#parts.cooldowns.note(thread.process, this.#parts.clock.bootMsec());
    this.#strike(thread, 'exec');
    const text = `Process ${thread.process.pid} called exec from a granted thread, starved a CPU and was demoted.`;
    this.#note('warning', text, { ...grant, thread: leaderOf(thread.process) }, { reason: 'exec' });
  }

  /** Whoever was demoted unheard is found by what he runs as. */
  #lookForTheLost(count: number): void {
    const { ledger, journal } = this.#parts;
    journal.error(`${count} events of the watchdog were lost; every grant is looked at.`, { count });
    for (const grant of [...ledger.grants()]) {
      const ward = this.#wards.get(keyOf(grant.thread));
      const condition = this.condition(grant);
      if (ward === undefined || condition?.state !== 'drifted' || condition.actual.policy !== 'other') continue;
      this.#coolDown(grant, ward, 'unknown');
    }
  }

  #demotedByWatchdog({
    cookie,
    reason,
    cpu,
    lateUsec,
    ranUsec,
    windowUsec,
  }: WatchdogEvent & { kind: 'demoted' }): void {
    const { ledger } = this.#parts;
    const thread = this.#ofCookie.get(cookie);
    const ward = thread && this.#wards.get(keyOf(thread));
    const grant = thread && ledger.find(thread);
    // It has ended, or has a new grant, since: then there is nobody left to be told of.
    if (thread === undefined || grant === undefined || ward === undefined || ward.watch.cookie !== cookie) return;

    const left = this.#coolDown(grant, ward, reason);
    this.#note(
      'warning',
      `Thread ${thread.tid} (${grant.comm}) of process ${thread.process.pid} starved CPU ${cpu}` +
        ` (${reason}: ${msec(lateUsec)} late, ${msec(ranUsec)} of ${msec(windowUsec)} used)` +
        ` and was demoted from ${describe(grant.scheduling)} for ${Math.round(left / 1000)} s.`,
      grant,
      { reason, cpu, lateUsec, ranUsec },
    );
  }

  /** @returns for how many msec */
  #coolDown(grant: Grant, ward: Ward, reason: string): number {
    const { cooldowns, clock, tell } = this.#parts;
    const { process } = grant.thread;
    ward.demoted = reason;
    cooldowns.note(process, clock.bootMsec());
    tell({ kind: 'demoted', grant, reason });
    void this.#restoreAfterCooldown(grant, ward);
    return cooldowns.left(process, clock.bootMsec());
  }

  async #restoreAfterCooldown(grant: Grant, ward: Ward): Promise<void> {
    const { cooldowns, clock } = this.#parts;
    const { thread } = grant;
    const leftMsec = () => cooldowns.left(thread.process, clock.bootMsec());
    // Another thread of the process may have offended meanwhile.
    while (leftMsec() > 0) await clock.sleep(leftMsec());
    if (this.#wards.get(keyOf(thread)) === ward && ward.demoted !== undefined) this.#restore(grant, ward);
  }

  /** Its grant comes back if it is as we left it: same thread, same owner, and nobody else took an interest. */
  #restore(grant: Grant, ward: Ward): void {
    const { scheduler, watchdog, tell } = this.#parts;
    const { thread, scheduling } = grant;
    try {
      const obstacle = this.#obstacle(grant, ward);
      if (obstacle !== undefined) return this.#giveUp(grant, obstacle);

      using watch = watchdog.enter(thread, scheduling.kind);
      scheduler.promote(ward.handle, scheduling);
      this.#exchange(ward, thread, watch);
      ward.demoted = undefined;
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      return this.#giveUp(grant, fault.refusal.reason);
    }
    const text = `Thread ${thread.tid} of process ${thread.process.pid} has ${describe(scheduling)} back.`;
    this.#note('info', text, grant, { reason: 'cooled-down' });
    tell({ kind: 'restored', grant });
  }

  #obstacle({ thread, scheduling }: Grant, { handle }: Ward): string | undefined {
    const { processes, scheduler, ledger, limits } = this.#parts;
    if (processes.standingOf(thread.process) !== 'same') return 'uid-changed';
    const actual = scheduler.attributes(handle);
    if (actual?.policy !== 'other' || actual.nice !== 0) return 'changed-by-others';
    const rttime = scheduling.kind === 'realtime' ? processes.rttime(thread.process) : 'unread';
    const situation = { ...ledger.standing(thread, scheduling.kind), coolingMsec: 0 };
    return judge({ thread, scheduling, rttime }, situation, limits)?.reason;
  }

  #giveUp(grant: Grant, reason: string): void {
    this.#strike(grant.thread, reason);
    const { tid, process } = grant.thread;
    this.#note('info', `Thread ${tid} of process ${process.pid} does not get its grant back: ${reason}.`, grant, {
      reason,
    });
  }

  #exchange(ward: Ward, thread: Thread, watch: Watch): void {
    this.#ofCookie.delete(ward.watch.cookie);
    ward.watch.leave();
    watch.keep();
    ward.watch = watch;
    this.#ofCookie.set(watch.cookie, thread);
  }

  /** Out of the ledger, with all that was held. */
  #strike(thread: Thread, reason: string): Grant | undefined {
    const grant = this.#parts.ledger.end(thread);
    this.#drop(thread);
    if (grant !== undefined) this.#parts.tell({ kind: 'removed', grant, reason });
    return grant;
  }

  #drop(thread: Thread): void {
    const ward = this.#wards.get(keyOf(thread));
    if (ward === undefined) return;
    this.#wards.delete(keyOf(thread));
    this.#ofCookie.delete(ward.watch.cookie);
    ward.handle.drop();
    ward.watch.leave();
  }

  #note(level: 'info' | 'warning', text: string, { thread, comm, program, scheduling }: Grant, fields: Fields): void {
    const { tid, process } = thread;
    this.#parts.journal[level](text, {
      uid: process.uid,
      pid: process.pid,
      tid,
      comm,
      program,
      ...scheduling,
      ...fields,
    });
  }
}

const msec = (usec: number): string => `${Math.round(usec / 1000)} ms`;

/** A handle on a thread that may be gone, which is an ordinary answer here. */
function tryOpen(processes: ProcessTable, thread: Thread): ThreadHandle | undefined {
  try {
    return processes.open(thread);
  } catch (fault) {
    if (fault instanceof Refused) return undefined;
    throw fault;
  }
}
