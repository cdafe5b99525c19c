import { TokenBuckets } from './core/burst.ts';
import { judge, type Request, type Rttime } from './core/judge.ts';
import { type Grant, Ledger } from './core/ledger.ts';
import type { BurstLimits, Limits } from './core/limits.ts';
import type { Refusal } from './core/refusal.ts';
import { type Attributes, describe, givesBack, isSame, runsAs } from './core/scheduling.ts';
import { isLeader, keyOf, leaderOf, type Pid, type Process, type Thread, type Uid } from './core/thread.ts';
import type {
  Authority,
  Caller,
  Clock,
  Journal,
  ProcessTable,
  Scheduler,
  Sighting,
  ThreadHandle,
  Wanted,
} from './ports.ts';
import { Refused } from './refused.ts';

export interface Parts {
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly limits: Limits;
  readonly burst: BurstLimits;
}

export type State = 'active' | 'drifted';

/** A grant beside what its thread really runs as now. */
export interface GrantView {
  readonly grant: Grant;
  readonly actual: Attributes;
  readonly state: State;
  readonly reason: string;
  readonly cpuUsec: bigint;
}

/** What a user may have, and how much of it is used. */
export interface LimitsView {
  readonly limits: Limits;
  readonly burst: BurstLimits;
  readonly processes: number;
  readonly realtimeThreads: number;
  readonly highPriorityThreads: number;
  /** Requests this user may make at once now. */
  readonly requestsLeft: number;
}

/** PipeWire sets its RLIMIT_RTTIME just after it has asked: an unset one is looked at again after this time. */
const lateRttimeMsec = 10;

/** A refusal for asking too often waits until the next token is due, within these bounds, so that a loop slows itself. */
const lateRefusalMsec = { min: 50, max: 1000 };

/** So many refusals may wait at once; further ones are given at once, since what waits costs memory. */
const lateRefusalsMax = 1024;

const reviewMsec = 10_000;

/** The order of a request, and of giving back. It knows the rules' order and nothing of how anything is done. */
export class Broker {
  readonly #parts: Parts;
  readonly #ledger = new Ledger();
  readonly #handles = new Map<string, ThreadHandle>();
  readonly #ofProcess: TokenBuckets<Pid>;
  readonly #ofUser: TokenBuckets<Uid>;
  #lateRefusals = 0;
  #reviewing = false;

  /** Called whenever the totals may have changed. */
  onChange: () => void = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#ofProcess = new TokenBuckets(parts.burst.processRequests, parts.burst.processRefillPerSec);
    this.#ofUser = new TokenBuckets(parts.burst.userRequests, parts.burst.userRefillPerSec);
  }

  /**
   * Promotes the thread the caller means, or says why not.
   * @throws Refused
   */
  async acquire(caller: Caller, wanted: Wanted): Promise<void> {
    const { processes, scheduler } = this.#parts;
    const { scheduling } = wanted;

    const sighting = await this.#find(caller, wanted);
    const { thread } = sighting;
    this.#reviewProcess(thread.process.pid);
    if (givesBack(scheduling) && this.#ledger.find(thread)) return this.#giveBack(thread, wanted);

    await this.#charge(this.#ofProcess, thread.process.pid, 'process');
    this.#require({ thread, scheduling, rttime: 'unread' });
    using handle = processes.open(thread);
    await this.#charge(this.#ofUser, caller.uid, 'user');

    // Between this judgement and the hold nothing waits, so two requests cannot both take the last place.
    this.#require({ thread, scheduling, rttime: 'unread' });
    using hold = this.#ledger.hold(thread, scheduling.kind);
    await this.#authorize(caller, wanted, thread.process);
    const rttime = await this.#rttime({ thread, scheduling, rttime: 'unread' });

    // polkit takes its time: judge again what may have changed, and from here to the end wait for nothing.
    this.#require({ thread, scheduling, rttime });
    scheduler.promote(handle, scheduling);
    if (givesBack(scheduling)) return;

    const before = this.#ledger.find(thread);
    hold.keep(this.#grant(sighting, wanted));
    this.#keepHandle(handle);
    if (!isSame(before?.scheduling, scheduling)) this.#noteGranted(sighting, wanted);
    this.onChange();
    void this.#reviewWhileGranted();
  }

  /** The caller's own grants; everybody's for root. */
  grants(caller: Caller): readonly GrantView[] {
    const uid = caller.uid === 0 ? undefined : caller.uid;
    const views: GrantView[] = [];
    for (const grant of this.#ledger.grants(uid)) {
      const view = this.#view(grant);
      if (view !== undefined) views.push(view);
    }
    return views;
  }

  limits(caller: Caller): LimitsView {
    const { limits, burst, clock } = this.#parts;
    return {
      limits,
      burst,
      ...this.#ledger.usage(caller.uid),
      requestsLeft: this.#ofUser.left(caller.uid, clock.bootMsec()),
    };
  }

  get totals(): { readonly threads: number; readonly processes: number; readonly users: number } {
    const { threadCount, processCount, userCount } = this.#ledger;
    return { threads: threadCount, processes: processCount, users: userCount };
  }

  /** Demotes every granted thread and strikes it out. */
  demoteAll(reason: string): void {
    for (const grant of [...this.#ledger.grants()]) this.#demote(grant, reason);
  }

  async #find(caller: Caller, wanted: Wanted): Promise<Sighting> {
    try {
      return await this.#parts.processes.find(caller, wanted);
    } catch (fault) {
      // Nobody else's bucket is known yet, and looking for threads that are not there must not be free.
      if (fault instanceof Refused) await this.#charge(this.#ofProcess, caller.pid, 'process');
      throw fault;
    }
  }

  async #charge<Key>(buckets: TokenBuckets<Key>, key: Key, of: 'user' | 'process'): Promise<void> {
    const { clock } = this.#parts;
    const retryMsec = buckets.take(key, clock.bootMsec());
    if (retryMsec === 0) return;

    if (this.#lateRefusals < lateRefusalsMax) {
      this.#lateRefusals++;
      await clock.sleep(Math.min(lateRefusalMsec.max, Math.max(lateRefusalMsec.min, retryMsec)));
      this.#lateRefusals--;
    }
    throw new Refused({ reason: 'burst', of, retryMsec });
  }

  #require(request: Request): void {
    const refusal = this.#judge(request);
    if (refusal !== undefined) throw new Refused(refusal);
  }

  #judge(request: Request): Refusal | undefined {
    const { thread, scheduling } = request;
    const once = () => judge(request, this.#ledger.standing(thread, scheduling.kind), this.#parts.limits);
    const refusal = once();
    // A thread that has just ended may still be in the book; it must not cost anybody a place.
    if (refusal?.reason === 'thread-limit' || refusal?.reason === 'process-limit')
      return this.#sweep(thread.process.uid) ? once() : refusal;
    if (refusal?.reason === 'user-limit') return this.#sweep() ? once() : refusal;
    return refusal;
  }

  /** @returns whether a thread was found to have ended */
  #sweep(uid?: Uid): boolean {
    const ended = [...this.#ledger.grants(uid)].filter(
      ({ thread }) => this.#handles.get(keyOf(thread))?.gone !== false,
    );
    for (const { thread } of ended) this.#ended(thread);
    return ended.length > 0;
  }

  async #authorize(caller: Caller, { face, scheduling }: Wanted, subject: Process): Promise<void> {
    // Root needs nobody's leave on our own interface, and polkit would judge the target, who may well have none.
    if (face === 'own' && caller.uid === 0) return;
    await this.#parts.authority.authorize(subject, face, scheduling.kind);
  }

  async #rttime({ thread, scheduling }: Request): Promise<Rttime> {
    const { processes, clock } = this.#parts;
    if (scheduling.kind !== 'realtime') return 'unread';
    const rttime = processes.rttime(thread.process);
    if (rttime !== 'unlimited') return rttime;
    await clock.sleep(lateRttimeMsec);
    return processes.rttime(thread.process);
  }

  #grant({ thread, comm, program }: Sighting, { scheduling }: Wanted): Grant {
    return { thread, scheduling, comm, program, grantedAtUsec: this.#parts.clock.realtimeUsec() };
  }

  #keepHandle(handle: ThreadHandle): void {
    const key = keyOf(handle.thread);
    this.#handles.get(key)?.drop();
    this.#handles.set(key, handle);
    handle.keep(() => this.#ended(handle.thread));
  }

  /** The owner returns what he was given: no question of leave, place or burst, only of doing it. */
  #giveBack(thread: Thread, { scheduling }: Wanted): void {
    this.#require({ thread, scheduling, rttime: 'unread' });
    const handle = this.#handles.get(keyOf(thread));
    if (handle === undefined) return;
    this.#parts.scheduler.promote(handle, scheduling);
    this.#strike(thread);
    this.#parts.journal.info(`Thread ${thread.tid} of process ${thread.process.pid} gave its grant back.`, {
      ...idsOf(thread),
      reason: 'given-back',
    });
  }

  #ended(thread: Thread): void {
    const grant = this.#strike(thread);
    if (grant !== undefined && !isLeader(thread)) this.#demoteExecutor(grant);
  }

  /**
   * A thread that calls execve(2) takes over its leader's tid and keeps its scheduling, while its own tid ends. So when a
   * granted thread is gone and its leader runs with exactly that grant, unknown to the ledger, they are the same one.
   */
  #demoteExecutor({ thread, scheduling, comm, program }: Grant): void {
    const { processes, scheduler, journal } = this.#parts;
    const leader = leaderOf(thread.process);
    using handle = tryOpen(processes, leader);
    if (handle === undefined) return;
    const attributes = scheduler.attributes(handle);
    if (attributes === undefined || !runsAs(attributes, scheduling)) return;
    const known = this.#ledger.find(leader);
    if (known !== undefined && runsAs(attributes, known.scheduling)) return;

    scheduler.demote(handle);
    this.#strike(leader);
    journal.info(`Process ${thread.process.pid} called exec from a granted thread and was demoted.`, {
      ...idsOf(leader),
      comm,
      program,
      reason: 'exec',
    });
  }

  /** A process can change its uid, or call exec from its main thread, and nobody is told: so it is looked at. */
  async #reviewWhileGranted(): Promise<void> {
    if (this.#reviewing) return;
    this.#reviewing = true;
    while (this.#ledger.threadCount > 0) {
      await this.#parts.clock.sleep(reviewMsec);
      for (const pid of this.#ledger.pids()) this.#reviewProcess(pid);
    }
    this.#reviewing = false;
  }

  #reviewProcess(pid: Pid): void {
    for (const grant of this.#ledger.grantsOfPid(pid)) {
      const standing = this.#parts.processes.standingOf(grant.thread.process);
      if (standing === 'uid-changed') this.#demote(grant, 'uid-changed');
      if (standing === 'gone') this.#ended(grant.thread);
    }
  }

  #demote(grant: Grant, reason: string): void {
    const { scheduler, journal } = this.#parts;
    const { thread, comm, program } = grant;
    const handle = this.#handles.get(keyOf(thread));
    if (handle !== undefined && scheduler.demote(handle) === 'demoted')
      journal.info(`Thread ${thread.tid} of process ${thread.process.pid} was demoted: ${reason}.`, {
        ...idsOf(thread),
        comm,
        program,
        reason,
      });
    this.#strike(thread);
  }

  /** Out of the ledger, with its handle. */
  #strike(thread: Thread): Grant | undefined {
    const grant = this.#ledger.end(thread);
    const key = keyOf(thread);
    this.#handles.get(key)?.drop();
    this.#handles.delete(key);
    if (grant !== undefined) this.onChange();
    return grant;
  }

  #view(grant: Grant): GrantView | undefined {
    const { processes, scheduler } = this.#parts;
    const handle = this.#handles.get(keyOf(grant.thread));
    const actual = handle && scheduler.attributes(handle);
    if (actual === undefined) return undefined;

    const drifted = !runsAs(actual, grant.scheduling);
    return {
      grant,
      actual,
      state: drifted ? 'drifted' : 'active',
      reason: drifted ? 'changed-by-others' : '',
      cpuUsec: processes.cpuUsec(grant.thread),
    };
  }

  #noteGranted({ thread, comm, program }: Sighting, { scheduling }: Wanted): void {
    const { tid, process } = thread;
    this.#parts.journal.info(
      `Thread ${tid} of process ${process.pid} (uid ${process.uid}) now runs at ${describe(scheduling)}.`,
      { ...idsOf(thread), comm, program, ...scheduling },
    );
  }
}

const idsOf = ({ tid, process }: Thread) => ({ uid: process.uid, pid: process.pid, tid });

/** A handle on a thread that may be gone, which is an ordinary answer here. */
function tryOpen(processes: ProcessTable, thread: Thread): ThreadHandle | undefined {
  try {
    return processes.open(thread);
  } catch (fault) {
    if (fault instanceof Refused) return undefined;
    throw fault;
  }
}
