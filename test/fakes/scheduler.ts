import {
  type Attributes,
  attributesOf,
  descendsFrom,
  isAlike,
  ordinary,
  type Scheduling,
} from '../../src/core/scheduling.ts';
import { isLeader, leaderOf, type Thread, type Tid } from '../../src/core/thread.ts';
import type { Scheduler, ThreadHandle } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';
import { type FakeKernel, noSuchThread } from './kernel.ts';

export class FakeScheduler implements Scheduler {
  /** What sched_setattr(2) fails with, as "EPERM". */
  errno: string | undefined;
  /** A thread the kernel lets nobody demote. */
  stubborn: Tid | undefined;
  beforeAct: (() => void) | undefined;
  afterAct: (() => void) | undefined;
  readonly #kernel: FakeKernel;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  promote(handle: ThreadHandle, scheduling: Scheduling): void {
    const { thread } = handle;
    const leader = leaderOf(thread.process).tid;
    const before = this.#kernel.threads.get(leader)?.attributes;

    this.#look(handle);
    this.beforeAct?.();
    this.#act(thread, scheduling);
    this.afterAct?.();
    try {
      this.#look(handle);
    } catch (refusal) {
      this.#takeBack(thread.tid, scheduling);
      // A worker that called exec has its leader's tid now.
      if (!isLeader(thread) && before && !descendsFrom(before, scheduling)) this.#takeBack(leader, scheduling);
      throw refusal;
    }
  }

  demote(handle: ThreadHandle): 'demoted' | 'gone' {
    if (handle.gone) return 'gone';
    if (this.stubborn === handle.thread.tid) throw new Error('sched_setattr: EACCES');
    this.#kernel.thread(handle.thread.tid).attributes = ordinary;
    return 'demoted';
  }

  restore(handle: ThreadHandle, former: Attributes): 'restored' | 'gone' {
    if (handle.gone) return 'gone';
    const { tid } = handle.thread;
    this.beforeAct?.();
    const thread = this.#kernel.threads.get(tid);
    if (thread !== undefined) thread.attributes = former;
    this.afterAct?.();
    if (!handle.gone) return 'restored';
    const now = this.#kernel.threads.get(tid);
    if (now !== undefined && isAlike(now.attributes, former)) now.attributes = ordinary;
    return 'gone';
  }

  attributes(handle: ThreadHandle): Attributes | undefined {
    return handle.gone ? undefined : this.#kernel.threads.get(handle.thread.tid)?.attributes;
  }

  glance({ tid }: Thread): Attributes | undefined {
    return this.#kernel.threads.get(tid)?.attributes;
  }

  #look(handle: ThreadHandle): void {
    const { tid, process } = handle.thread;
    const { uids } = handle;
    if (uids === undefined) throw noSuchThread(`Thread ${tid} has ended`);
    if (uids.some((uid) => uid !== process.uid))
      throw new Refused({ reason: 'not-your-process', pid: process.pid, uids, caller: process.uid });
  }

  /** As the kernel does: on whoever has the tid now. */
  #act({ tid }: Thread, scheduling: Scheduling): void {
    const thread = this.#kernel.threads.get(tid);
    if (thread === undefined) throw noSuchThread(`Thread ${tid} has ended`);
    if (this.errno !== undefined)
      throw new Refused({
        reason: 'kernel-refused',
        call: 'sched_setattr',
        errno: this.errno,
        cause: 'This world wills it so.',
      });
    const wanted = attributesOf(scheduling);
    thread.attributes = scheduling.kind === 'realtime' ? { ...wanted, nice: thread.attributes.nice } : wanted;
  }

  #takeBack(tid: Tid, scheduling: Scheduling): void {
    const thread = this.#kernel.threads.get(tid);
    if (thread === undefined || !descendsFrom(thread.attributes, scheduling)) return;
    thread.attributes = { ...ordinary, nice: scheduling.kind === 'realtime' ? thread.attributes.nice : 0 };
  }
}
