import type { Rttime } from './core/judge.ts';
import type { Grant } from './core/ledger.ts';
import type { Deed, Intent } from './core/legacy.ts';
import type { Subject } from './core/rules.ts';
import type { Attributes, Kind, Policy, Scheduling } from './core/scheduling.ts';
import type { Lateness } from './core/statistics.ts';
import type { Pid, Process, Thread, Uid } from './core/thread.ts';

/** Which of the two interfaces a request came by: they ask different polkit actions, and root may do more on our own. */
export type Face = 'own' | 'realtimekit1';

/**
 * Who speaks, on the word of the bus daemon and never on his own: who he was when he connected. One object for all he
 * asks, as long as he is remembered.
 */
export interface Caller {
  /** Unique bus name, ":1.42". */
  readonly name: string;
  readonly uid: Uid;
  readonly pid: Pid;
}

/** Which thread a caller means, as it came: ids are his, in his PID namespace, and may be anything. */
export interface Target {
  /** undefined: the caller's own process. */
  readonly process: bigint | undefined;
  /** 0: the main thread of the process. */
  readonly thread: bigint;
}

/** What a caller asks. */
export interface Wanted extends Target {
  readonly face: Face;
  readonly scheduling: Scheduling;
}

/** Whose process a caller may name: one with his uid, or, by root's right or polkit's leave, anyone's. */
export type Reach = 'own' | 'anyone';

/** What may be done with what is not one's own: to look at it, or to change it. */
export type Right = 'inspect' | 'manage';

/** A thread as found in /proc, with its names for people. */
export interface Sighting {
  readonly thread: Thread;
  readonly comm: string;
  readonly program: string;
}

export interface ProcessTable {
  /**
   * The thread the caller means: of his own process, or of one within his reach. Ids of a caller in a deeper PID namespace
   * are translated first. A caller whose process has ended is refused, also when its pid is another's by now.
   * @param reach 'own', the default: a process must have his uid, all four of it; 'anyone': four that are the same
   * @throws Refused 'no-such-thread' | 'not-your-process'
   */
  find(caller: Caller, target: Target, reach?: Reach): Promise<Sighting>;
  /**
   * A handle on exactly this thread.
   * @param use 'once': for what is done at once, of the descriptors that are spared for such; it is not to be kept
   * @throws Refused 'no-such-thread' when it ended, or its id is another's by now; 'kernel-refused' when out of descriptors
   */
  open(thread: Thread, use?: 'once'): ThreadHandle;
  /**
   * The process as rules look at it: what it answers is of the moment it is first asked. Whoever has the pid by then is
   * looked at, which does no harm where a handle is held on a thread of the process.
   */
  subject(process: Pick<Process, 'pid' | 'uid'>): Subject;
  /**
   * The hard RLIMIT_RTTIME.
   * @param held on a thread of the process: whether it still lives is asked of this handle, which costs less
   * @throws Refused 'no-such-thread' when the process, or the thread held, ended
   */
  rttime(process: Process, held?: ThreadHandle): Exclude<Rttime, 'unread'>;
  /**
   * Gives a process without one an RLIMIT_RTTIME, soft and hard, in µs. Never another one that has its pid by now.
   * @returns false when the broker may not
   * @throws Refused 'no-such-thread' when the process ended
   */
  limitRttime(process: Process, usec: bigint): boolean;
  /** Whether this process still runs, with all four of its uids as they were. */
  standingOf(process: Process): 'same' | 'uid-changed' | 'gone';
  /**
   * CPU time that all threads of whoever has the pid have used, in ns, to be compared only: as long as it is the same as some
   * seconds ago, none of them has run in between, and none has changed a uid or called exec. undefined: nobody has the pid.
   */
  usedNsec(pid: Pid): number | undefined;
  /** CPU time the thread has used, in µs; 0 when it is gone. */
  cpuUsec(thread: Thread): bigint;
  /**
   * Every thread that runs SCHED_FIFO or SCHED_RR, whoever gave it that; but none of root's (the kernel's are), by
   * effective uid, of PID 1's and of ours. A piece at a time: who comes or goes meanwhile may be among them or not.
   */
  realtimeThreads(): AsyncIterable<Sighting>;
}

/**
 * A grip on one thread that no reuse of its tid can fool: a pidfd with PIDFD_THREAD, or else its start time. Closed by
 * its scope unless it was kept.
 */
export interface ThreadHandle extends Disposable {
  readonly thread: Thread;
  readonly gone: boolean;
  /** Real, effective, saved and file-system uid of the thread, or of its process; undefined when it is gone. */
  readonly uids: readonly Uid[] | undefined;
  /** Keeps the handle beyond its scope, until the thread has ended: then calls back, once, and closes. */
  keep(onGone: () => void): void;
  /** Closes a kept handle. It never calls back afterwards. */
  drop(): void;
}

/** None of its methods waits for anything. */
export interface Scheduler {
  /**
   * Looks whether the thread and its owner are still the same, acts, and looks again; if it is not the same one after
   * all, takes back what it did.
   * @throws Refused 'no-such-thread' | 'not-your-process' | 'kernel-refused'
   */
  promote(handle: ThreadHandle, scheduling: Scheduling): void;
  /** Back to SCHED_OTHER and nice 0. Never touches another thread that has the tid by now. */
  demote(handle: ThreadHandle): 'demoted' | 'gone';
  /** Back to what it ran as before it was promoted; the same otherwise. */
  restore(handle: ThreadHandle, former: Attributes): 'restored' | 'gone';
  /** What the thread runs as now; undefined when it is gone. */
  attributes(handle: ThreadHandle): Attributes | undefined;
  /** What whoever has its tid by now runs as; undefined: nobody. Enough to see that there is nothing to do. */
  glance(thread: Thread): Attributes | undefined;
}

/** Keeps the machine alive while nothing else may run: whom it watches it demotes by itself, without asking anybody. */
export interface Watchdog {
  /** Told of what it did and saw, in order, soon after. */
  onEvent: (event: WatchdogEvent) => void;
  /**
   * Watches a thread from now on; to be called before it is promoted, so that not even a lost race runs unwatched.
   * @throws Refused 'no-such-thread' | 'kernel-refused'
   */
  enter(thread: Thread, kind: Kind): Watch;
  /** What was seen until now counts no more: the machine is about to sleep, or has just woken. */
  restart(): void;
  readonly lateness: Lateness;
}

/** A place in the watchdog's roster, left with its scope unless it was kept. */
export interface Watch extends Disposable {
  readonly cookie: number;
  keep(): void;
  leave(): void;
}

/** Times in µs. */
export type WatchdogEvent =
  | {
      readonly kind: 'demoted';
      readonly cookie: number;
      readonly reason: string;
      readonly cpu: number;
      /** How late ordinary threads were on that CPU. */
      readonly lateUsec: number;
      /** CPU time that the thread took in the window that it was judged by. */
      readonly ranUsec: number;
      readonly windowUsec: number;
    }
  | { readonly kind: 'starved'; readonly cpu: number; readonly reason: string; readonly lateUsec: number }
  | { readonly kind: 'recovered'; readonly cpu: number }
  | ({ readonly kind: 'stranger' } & Stranger)
  /** A granted worker ran another program and starved a CPU from there: that one was demoted. */
  | { readonly kind: 'heir-demoted'; readonly cookie: number }
  /** So many events never came: what they would have said must be looked for. */
  | { readonly kind: 'lost'; readonly count: number };

/** A realtime thread nobody granted that starves a CPU. */
export interface Stranger {
  readonly cpu: number;
  readonly tid: number;
  readonly pid: number;
  readonly comm: string;
  readonly policy: Policy;
  readonly priority: number;
  /** Of the CPU, 0 to 1, while it was looked at. */
  readonly share: number;
  readonly demoted: boolean;
}

/** What becomes of grants, for whoever wants to hear of it. */
export type News =
  | { readonly kind: 'granted'; readonly grant: Grant }
  | { readonly kind: 'removed'; readonly grant: Grant; readonly reason: string }
  | { readonly kind: 'demoted'; readonly grant: Grant; readonly reason: string }
  | { readonly kind: 'restored'; readonly grant: Grant }
  | { readonly kind: 'starved'; readonly cpu: number; readonly lateUsec: number }
  | { readonly kind: 'recovered'; readonly cpu: number }
  /** The limits may be others now. */
  | { readonly kind: 'reconfigured' };

/**
 * What a successor must know, written down at once, so that whenever the broker is killed it can be read. None of its
 * methods waits.
 */
export interface Logbook {
  /** All that holds at present, for when the book is written anew. */
  contents: () => Iterable<Deed>;
  /** Writes down what holds now in place of what a predecessor wrote; nothing is written before. */
  begin(): void;
  /**
   * Written down before the act, and settled after it.
   * @throws Refused 'kernel-refused' when it cannot be written: then nothing may be granted
   */
  intend(intent: Intent): Intention;
  /** What cannot be written now is made good later. */
  write(deed: Deed): void;
}

/** Withdrawn with its scope, unless it was kept: then it is a grant. */
export interface Intention extends Disposable {
  keep(): void;
}

/**
 * How long polkit may take: as configured; a second at most; or, on the caller's word, two minutes in which it may ask a
 * person for a password, if a yes depends on that.
 */
export type Patience = 'usual' | 'brief' | 'interactive';

/**
 * A yes that depends on a password, and is not to be had that way, is refused as 'authentication-required'; as
 * 'not-authorized' on rtkit's interface, where no client could do anything about it.
 */
export interface Authority {
  /**
   * Asks whether the target process may have this kind of scheduling.
   * @throws Refused 'not-authorized' | 'authentication-required' | 'authority-unavailable'
   */
  authorize(subject: Process, face: Face, kind: Kind, patience: Patience): Promise<void>;
  /**
   * Asks whether the caller himself may do this with what is others'.
   * @throws Refused 'not-authorized' | 'authentication-required' | 'authority-unavailable'
   */
  permit(caller: Caller, right: Right, patience: Patience): Promise<void>;
}

/** What the administrator has set. */
export interface Configuration {
  /** Reads it anew and puts it in force, all of it or nothing. @param by who wants it @throws Refused 'invalid-configuration' */
  reload(by?: Caller): void;
}

/** Programs that are known to change what others' threads run as. */
export interface Meddlers {
  /** Those that run now, by name, for people. Never rejects. */
  running(): Promise<readonly string[]>;
}

export interface Clock {
  /** CLOCK_BOOTTIME in msec: runs on while the machine sleeps, and nobody can set it. */
  bootMsec(): number;
  /** CLOCK_REALTIME in µs. */
  realtimeUsec(): bigint;
  sleep(msec: number): Promise<void>;
}

/** Who, and why, beside a line for people. The journal prefixes them RTBROKER_. */
export interface Fields {
  readonly uid?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly comm?: string;
  readonly program?: string;
  readonly reason?: string;
  readonly kind?: Kind;
  readonly policy?: Policy;
  readonly priority?: number;
  readonly nice?: number;
  readonly action?: string;
  readonly error?: string;
  readonly count?: number;
  readonly cpu?: number;
  readonly lateUsec?: number;
  readonly ranUsec?: number;
  /** Who had it done. */
  readonly byUid?: number;
  readonly byPid?: number;
}

/** One line for each change of state. Never throws, never waits. */
export interface Journal {
  debug(text: string, fields?: Fields): void;
  info(text: string, fields?: Fields): void;
  warning(text: string, fields?: Fields): void;
  error(text: string, fields?: Fields): void;
}
