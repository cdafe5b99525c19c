import { Administration } from './administration.ts';
import { Adoption } from './adoption.ts';
import { Cooldowns } from './core/cooldown.ts';
import type { Rttime } from './core/judge.ts';
import { type Grant, Ledger } from './core/ledger.ts';
import type { Legacy } from './core/legacy.ts';
import type { BurstLimits, Limits } from './core/limits.ts';
import type { Reason, Refusal } from './core/refusal.ts';
import type { Rulebook } from './core/rulebook.ts';
import { plainTerms, type Terms } from './core/rules.ts';
import { type Attributes, formerOf, givesBack, isSame, ordinary, type Scheduling } from './core/scheduling.ts';
import { type Lateness, Statistics } from './core/statistics.ts';
import type { Pid, Process, Thread } from './core/thread.ts';
import { Judgement } from './judgement.ts';
import { noteGranted } from './notes.ts';
import { Permissions } from './permissions.ts';
import type {
  Authority,
  Caller,
  Clock,
  Configuration,
  Journal,
  Logbook,
  Meddlers,
  News,
  Patience,
  ProcessTable,
  Reach,
  Scheduler,
  Sighting,
  Target,
  ThreadHandle,
  Wanted,
  Watchdog,
} from './ports.ts';
import { Refused } from './refused.ts';
import { Resets } from './resets.ts';
import { type Condition, Supervisor } from './supervisor.ts';
import type { Suspension } from './suspension.ts';
import { countNews } from './tallies.ts';
import { Tolls } from './tolls.ts';

export interface Parts {
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  readonly watchdog: Watchdog;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly rulebook: Rulebook;
  readonly logbook: Logbook;
  readonly burst: BurstLimits;
  readonly cooldownSec: number;
  readonly configuration: Configuration;
  readonly meddlers: Meddlers;
  /** Whether a thread is put back that others changed. */
  readonly reassertDrifted: boolean;
}

/** A grant beside what its thread really runs as now. */
export interface GrantView extends Condition {
  readonly grant: Grant;
  readonly cpuUsec: bigint;
  /** The limit it is above by now: limits can be lowered, and that takes nothing away. */
  readonly excess: Reason | undefined;
}

/** What a process may have, and how much of it its user uses. */
export interface LimitsView {
  readonly terms: Terms;
  readonly burst: BurstLimits;
  readonly processes: number;
  readonly realtimeThreads: number;
  readonly highPriorityThreads: number;
  /** Requests this user may make at once now. */
  readonly requestsLeft: number;
}

/** PipeWire sets its RLIMIT_RTTIME just after it has asked: an unset one is looked at again after this time. */
const lateRttimeMsec = 10;

/** The order of a request, and of giving back. It knows the rules' order and nothing of how anything is done. */
export class Broker {
  readonly #parts: Parts;
  readonly #ledger = new Ledger();
  readonly #cooldowns: Cooldowns;
  readonly #supervisor: Supervisor;
  readonly #tolls: Tolls;
  readonly #permissions: Permissions;
  readonly #judgement: Judgement;
  readonly administration: Administration;
  readonly resets: Resets;
  readonly statistics: Statistics;

  onNews: (news: News) => void = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#cooldowns = new Cooldowns(parts.cooldownSec);
    this.statistics = new Statistics(parts.clock.realtimeUsec());
    const [ledger, cooldowns, statistics] = [this.#ledger, this.#cooldowns, this.statistics];
    const tell = (news: News) => this.#tell(news);
    this.#supervisor = new Supervisor({ ...parts, ledger, cooldowns, statistics, tell });
    parts.logbook.contents = () => this.#supervisor.deeds();
    this.#judgement = new Judgement({ ...parts, ledger, cooldowns, supervisor: this.#supervisor });
    this.#tolls = new Tolls(parts.burst, parts.clock);
    this.#permissions = new Permissions({ ...parts, tolls: this.#tolls });
    const [supervisor, permissions] = [this.#supervisor, this.#permissions];
    this.administration = new Administration({ ...parts, ledger, supervisor, permissions });
    this.resets = new Resets({ ...parts, ledger, supervisor });
  }

  /**
   * Takes over what another broker left; to be called once, before anybody asks.
   * @param damaged there may be more than the legacy tells of
   */
  async adopt(legacy: Legacy, damaged = false): Promise<void> {
    const [ledger, cooldowns, supervisor] = [this.#ledger, this.#cooldowns, this.#supervisor];
    const adoption = new Adoption({ ...this.#parts, ledger, cooldowns, supervisor });
    adoption.adopt(legacy);
    if (damaged) await adoption.tellOfUnknown();
    this.#parts.logbook.begin();
  }

  /** What changes with the configuration, beside the rulebook. */
  reconfigure({ burst, cooldownSec, reassertDrifted }: Pick<Parts, 'burst' | 'cooldownSec' | 'reassertDrifted'>): void {
    this.#tolls.burst = burst;
    this.#cooldowns.firstSec = cooldownSec;
    this.#supervisor.drift.reassert = reassertDrifted;
    this.#tell({ kind: 'reconfigured' });
  }

  /**
   * Promotes the thread the caller means, or says why not.
   * @throws Refused
   */
  async acquire(caller: Caller, wanted: Wanted, patience: Patience = 'usual'): Promise<void> {
    try {
      await this.#acquire(caller, wanted, patience);
    } catch (fault) {
      if (fault instanceof Refused) this.statistics.refusals.add(fault.refusal.reason);
      throw fault;
    }
  }

  async #acquire(caller: Caller, wanted: Wanted, patience: Patience): Promise<void> {
    const { processes, scheduler, watchdog, logbook } = this.#parts;
    const { scheduling } = wanted;

    const sighting = await this.#find(caller, wanted);
    const { thread } = sighting;
    this.#supervisor.review(thread.process.pid, thread.process);
    if (this.#gaveBack(thread, scheduling)) return;

    await this.#tolls.ofProcess(caller, thread.process.pid);
    const terms = this.#judgement.termsOf(thread.process, wanted.face);
    this.#judgement.require({ thread, scheduling, rttime: 'unread' }, terms);
    using handle = processes.open(thread);
    await this.#tolls.ofUser(caller);

    // Between this judgement and the hold nothing waits, so two requests cannot both take the last place.
    this.#judgement.require({ thread, scheduling, rttime: 'unread' }, terms);
    using hold = givesBack(scheduling) ? undefined : this.#ledger.hold(thread, scheduling.kind);
    await this.#permissions.requireAcquire(caller.uid, wanted, thread.process, patience);
    const rttime = await this.#rttime(handle, scheduling);

    // polkit takes its time: judge again what may have changed, and from here to the end wait for nothing.
    const now = this.#judgement.termsOf(thread.process, wanted.face);
    this.#judgement.require({ thread, scheduling, rttime }, now);
    if (this.#gaveBack(thread, scheduling)) return;
    if (hold === undefined) return scheduler.promote(handle, scheduling);
    using watch = watchdog.enter(thread, scheduling.kind);
    const known = this.#ledger.find(thread);
    const before = scheduler.attributes(handle) ?? ordinary;
    const grant = this.#grant(sighting, wanted, known?.former ?? formerOf(before));
    using intention = logbook.intend({ grant, before });
    if (rttime === 'unlimited') this.#clamp(thread.process, now.limits);
    scheduler.promote(handle, scheduling);

    hold.keep(grant);
    this.#supervisor.keep(grant, handle, watch);
    intention.keep();
    if (!isSame(known?.scheduling, scheduling)) noteGranted(this.#parts.journal, grant);
    this.#tell({ kind: 'granted', grant });
  }

  /**
   * Whether the process's own user would be granted this, if he asked now by our own interface; and if not, why.
   * @throws Refused when the caller may not know, or there is no such thread
   */
  async explain(
    caller: Caller,
    target: Target,
    scheduling: Scheduling,
    patience: Patience = 'usual',
  ): Promise<Refusal | undefined> {
    if (caller.uid !== 0) await this.#tolls.ofQuestion(caller);
    const { thread } = await this.administration.find(caller, target, 'inspect', patience);
    try {
      await this.#rehearse(thread, scheduling);
      return undefined;
    } catch (fault) {
      if (fault instanceof Refused) return fault.refusal;
      throw fault;
    }
  }

  /** The caller's own grants, or everybody's. Those of this moment, each as it is when its turn comes, if it still is. */
  *grants(caller: Caller, reach: Reach): Iterable<GrantView> {
    const uid = reach === 'anyone' ? undefined : caller.uid;
    for (const { thread } of [...this.#ledger.grants(uid)]) {
      const grant = this.#ledger.find(thread);
      // The thread may be granted anew by now, and its process be another user's.
      if (grant === undefined || (uid !== undefined && grant.thread.process.uid !== uid)) continue;
      const view = this.view(grant);
      if (view !== undefined) yield view;
    }
  }

  /** Undefined when its thread is gone. */
  view(grant: Grant): GrantView | undefined {
    const condition = this.#supervisor.condition(grant);
    if (condition === undefined) return undefined;
    return {
      grant,
      ...condition,
      cpuUsec: this.#parts.processes.cpuUsec(grant.thread),
      excess: this.#judgement.excessOf(grant),
    };
  }

  limits(caller: Caller): LimitsView {
    return {
      terms: this.#judgement.termsOf(caller, 'own'),
      burst: this.#tolls.burst,
      ...this.#ledger.usage(caller.uid),
      requestsLeft: this.#tolls.left(caller.uid),
    };
  }

  get totals(): { readonly threads: number; readonly processes: number; readonly users: number } {
    const { threadCount, processCount, userCount } = this.#ledger;
    return { threads: threadCount, processes: processCount, users: userCount };
  }

  /** Some CPU is starved by realtime threads at this moment. */
  get starved(): boolean {
    return this.#supervisor.starved;
  }

  /** Demotes every granted thread and strikes it out. */
  demoteAll(reason: string): void {
    this.#supervisor.endings.demoteAll(reason);
  }

  /** Root's Suspend and Resume. */
  get suspension(): Suspension {
    return this.#supervisor.suspension;
  }

  /** How late the canaries have been; see Watchdog. */
  get lateness(): Lateness {
    return this.#parts.watchdog.lateness;
  }

  #tell(news: News): void {
    countNews(this.statistics, news);
    this.onNews(news);
  }

  /** The judgement lets a process without a limit pass only if it may be given one. @throws Refused */
  #clamp(process: Process, { rttimeUsecMax }: Limits): void {
    if (this.#parts.processes.limitRttime(process, rttimeUsecMax)) return;
    throw new Refused({ reason: 'rttime-unset', pid: process.pid, maxUsec: rttimeUsecMax });
  }

  async #find(caller: Caller, wanted: Wanted): Promise<Sighting> {
    try {
      return await this.#parts.processes.find(caller, wanted, reachOf(caller, wanted));
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      // A process that runs a set-user-ID program now is nobody's to ask for, and must not keep what it had.
      if (fault.refusal.reason === 'not-your-process') this.#supervisor.review(fault.refusal.pid as Pid);
      // Nobody else's bucket is known yet, and looking for threads that are not there must not be free.
      await this.#tolls.ofProcess(caller, caller.pid);
      throw fault;
    }
  }

  /** A request, up to where something would come of it. Nothing is charged, and nothing stays. @throws Refused */
  async #rehearse(thread: Thread, scheduling: Scheduling): Promise<void> {
    const { processes, watchdog } = this.#parts;
    const { process } = thread;
    const due = this.#tolls.due(process);
    if (due !== undefined) throw new Refused(due);
    const rttime = scheduling.kind === 'realtime' ? processes.rttime(process) : 'unread';
    this.#judgement.require({ thread, scheduling, rttime }, this.#judgement.termsOf(process, 'own'));
    {
      // For as long as polkit is asked the watchdog would take it for a granted one, and judge its neighbours by it.
      using _handle = processes.open(thread);
      using _watch = watchdog.enter(thread, scheduling.kind);
    }
    await this.#permissions.requireAcquire(process.uid, { face: 'own', scheduling }, process, 'usual');
  }

  async #rttime(handle: ThreadHandle, scheduling: Scheduling): Promise<Rttime> {
    const { processes, clock } = this.#parts;
    const { process } = handle.thread;
    if (scheduling.kind !== 'realtime') return 'unread';
    const rttime = processes.rttime(process, handle);
    if (rttime !== 'unlimited') return rttime;
    await clock.sleep(lateRttimeMsec);
    return processes.rttime(process, handle);
  }

  #grant({ thread, comm, program }: Sighting, { scheduling }: Wanted, former: Attributes): Grant {
    return { thread, scheduling, former, comm, program, grantedAtUsec: this.#parts.clock.realtimeUsec() };
  }

  /** Who returns what he was granted is asked for no leave, place or token. @returns whether that was it */
  #gaveBack(thread: Thread, scheduling: Scheduling): boolean {
    const grant = givesBack(scheduling) ? this.#ledger.find(thread) : undefined;
    if (grant === undefined) return false;
    this.#judgement.require({ thread, scheduling, rttime: 'unread' }, plainTerms(this.#parts.rulebook.limits));
    this.#supervisor.endings.giveBack(grant, scheduling);
    return true;
  }
}

/** On rtkit's interface root has no more reach than it had there. */
const reachOf = ({ uid }: Caller, { face }: Wanted): Reach => (uid === 0 && face === 'own' ? 'anyone' : 'own');
