import { type Attributes, attributesOf, descendsFrom, isAlike, ordinary, type Scheduling } from '../core/scheduling.ts';
import { isLeader, leaderOf, type Thread, type Tid } from '../core/thread.ts';
import type { Scheduler, ThreadHandle } from '../ports.ts';
import { Refused } from '../refused.ts';
import { causeOf } from './cause.ts';
import { SyscallError } from './errno.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';
import type { Proc } from './proc.ts';

/** Where tests let the world change behind our back. */
export interface FaultPoints {
  /** Between look and act. */
  beforeAct?: () => void;
  /** Between act and second look. */
  afterAct?: () => void;
}

/**
 * sched_setattr(2) takes a tid, which names whoever has it now: so look at what cannot be fooled, act, and look again.
 * There is no waiting in between, and a tid is not used again before all others were, so little can happen; but it can.
 */
export class LinuxScheduler implements Scheduler {
  readonly #library: Library;
  readonly #proc: Proc;
  readonly #points: FaultPoints;

  constructor(library: Library, proc: Proc, points: FaultPoints = {}) {
    this.#library = library;
    this.#proc = proc;
    this.#points = points;
  }

  promote(handle: ThreadHandle, scheduling: Scheduling): void {
    const { thread } = handle;
    this.#look(handle);
    const leader = isLeader(thread) ? undefined : this.#attributes(leaderOf(thread.process).tid);

    this.#points.beforeAct?.();
    this.#act(thread, scheduling);
    this.#points.afterAct?.();

    try {
      this.#look(handle);
    } catch (refusal) {
      this.#takeBack(thread.tid, scheduling);
      if (leader !== undefined && !descendsFrom(leader, scheduling)) this.#takeBackFromLeader(thread, scheduling);
      throw refusal;
    }
  }

  demote(handle: ThreadHandle): 'demoted' | 'gone' {
    // Reset-on-fork goes too, as it does in rtkit: the thread is to be as if we had never been.
    if (handle.gone || !this.#set(handle.thread.tid, ordinary)) return 'gone';
    return handle.gone ? 'gone' : 'demoted';
  }

  restore(handle: ThreadHandle, former: Attributes): 'restored' | 'gone' {
    const { tid } = handle.thread;
    if (handle.gone) return 'gone';
    this.#points.beforeAct?.();
    const done = this.#setFormer(tid, former);
    this.#points.afterAct?.();
    if (!handle.gone) return done ? 'restored' : 'gone';

    // Whoever has the tid now never had that.
    const now = this.#attributes(tid);
    if (now !== undefined && isAlike(now, former)) this.#set(tid, ordinary);
    return 'gone';
  }

  attributes(handle: ThreadHandle): Attributes | undefined {
    const attributes = this.#attributes(handle.thread.tid);
    // Asked afterwards: if it still lives, the attributes were its.
    return handle.gone ? undefined : attributes;
  }

  glance({ tid }: Thread): Attributes | undefined {
    return this.#attributes(tid);
  }

  /** @throws Refused 'no-such-thread' | 'not-your-process' */
  #look(handle: ThreadHandle): void {
    const { tid, process } = handle.thread;
    const { uids } = handle;
    // Asked afterwards: if the thread still lives, the uids were its own.
    if (handle.gone || uids === undefined) throw noSuchThread(`Thread ${tid} of process ${process.pid} has ended`);
    if (uids.some((uid) => uid !== process.uid))
      throw new Refused({ reason: 'not-your-process', pid: process.pid, uids, caller: process.uid });
  }

  #act({ tid, process }: Thread, scheduling: Scheduling): void {
    try {
      this.#library.setScheduling(tid, attributesOf(scheduling));
    } catch (fault) {
      if (!(fault instanceof SyscallError)) throw fault;
      if (fault.is('ESRCH')) throw noSuchThread(`Thread ${tid} of process ${process.pid} has ended`);
      const { call, errno } = fault;
      throw new Refused({ reason: 'kernel-refused', call, errno, cause: causeOf(errno, process.pid, scheduling) });
    }
  }

  /** Whoever has the tid now never asked for this. Only what we did is undone: a stranger may have set himself up since. */
  #takeBack(tid: Tid, scheduling: Scheduling): void {
    const now = this.#attributes(tid);
    if (now === undefined || !descendsFrom(now, scheduling)) return;

    // SCHED_RR left the nice level as it was; a nice level we set cannot be guessed back.
    const nice = scheduling.kind === 'realtime' ? now.nice : 0;
    this.#set(tid, { ...ordinary, nice });
  }

  /** @returns false: there is no such thread */
  #set(tid: Tid, attributes: Attributes): boolean {
    try {
      this.#library.setScheduling(tid, attributes);
      return true;
    } catch (fault) {
      if (fault instanceof SyscallError && fault.is('ESRCH')) return false;
      throw fault;
    }
  }

  /** @returns false: there is no such thread */
  #setFormer(tid: Tid, former: Attributes): boolean {
    // Policies other than these leave the nice level as it is, and it may be one that we gave.
    if (!this.#set(tid, { ...ordinary, nice: former.nice })) return false;
    try {
      return this.#set(tid, former);
    } catch (fault) {
      // What was possible once may not be any more, as when a sched_ext scheduler has gone. It is an ordinary thread by now.
      if (!(fault instanceof SyscallError)) throw fault;
      return true;
    }
  }

  /** A thread that calls exec after the act takes what we gave it to its leader's tid; and nobody knows it there. */
  #takeBackFromLeader({ process }: Thread, scheduling: Scheduling): void {
    if (this.#proc.stat(process.pid)?.starttime === process.starttime)
      this.#takeBack(leaderOf(process).tid, scheduling);
  }

  #attributes(tid: Tid): Attributes | undefined {
    try {
      return this.#library.scheduling(tid);
    } catch (fault) {
      if (fault instanceof SyscallError && fault.is('ESRCH')) return undefined;
      throw fault;
    }
  }
}
