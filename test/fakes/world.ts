import type { Rttime } from '../../src/core/judge.ts';
import type { Attributes } from '../../src/core/scheduling.ts';
import type { Gid, Pid, Thread, Tid, Uid } from '../../src/core/thread.ts';
import type { Caller } from '../../src/ports.ts';
import { alice, type Beginning, mainThread, root, type Stage } from '../contracts/stage.ts';
import { FakeKernel, identityOf } from './kernel.ts';
import { FakeProcessTable } from './processes.ts';
import { FakeScheduler } from './scheduler.ts';

/** A kernel small enough to read: threads are born, run somehow, call exec and die; ids may come back. */
export class FakeWorld implements Stage {
  readonly #kernel = new FakeKernel();
  readonly processes = new FakeProcessTable(this.#kernel);
  readonly scheduler = new FakeScheduler(this.#kernel);

  spawn({ uid = alice, rttimeUsec }: Beginning = {}): Pid {
    return this.#kernel.startProcess(this.#kernel.freshId(), uid, rttimeUsec ?? 'unlimited').pid;
  }

  addThread(pid: Pid): Tid {
    return this.#kernel.startThread(this.#kernel.freshId(), this.#kernel.process(pid)).tid;
  }

  endThread(_pid: Pid, tid: Tid): void {
    this.#kernel.end(this.#kernel.thread(tid));
  }

  kill(pid: Pid): void {
    for (const thread of this.#kernel.threadsOf(pid)) this.#kernel.end(thread);
    this.#kernel.processes.delete(pid);
  }

  /** As in Linux since 6.16, who holds a main thread hears of its end with that of the process. */
  leaveMainThread(pid: Pid): void {
    this.#kernel.thread(mainThread(pid)).ended = true;
    this.#kernel.process(pid).usedNsec++;
  }

  /** Whoever calls exec goes on under the main thread's tid and start time, as it ran; all others end. */
  exec(pid: Pid, tid: Tid, program: 'plain' | 'setuid-root'): void {
    const main = this.#kernel.thread(mainThread(pid));
    main.attributes = this.#kernel.thread(tid).attributes;
    main.ended = false;
    for (const thread of this.#kernel.threadsOf(pid)) if (thread !== main) this.#kernel.end(thread);

    const process = this.#kernel.process(pid);
    process.usedNsec++;
    if (program === 'setuid-root') process.uids = [process.uids[0], root, root, root];
  }

  setUids(pid: Pid, real: Uid, effective: Uid, saved: Uid): void {
    const process = this.#kernel.process(pid);
    process.uids = [real, effective, saved, effective];
    process.usedNsec++;
  }

  startStranger(id: Tid): void {
    this.#kernel.startProcess(id, root, 'unlimited');
  }

  startSuccessor(pid: Pid, tid: Tid): void {
    this.#kernel.startThread(tid, this.#kernel.process(pid));
  }

  runsAs(tid: Tid): Attributes | undefined {
    return this.#kernel.threads.get(tid)?.attributes;
  }

  letRunAs(tid: Tid, attributes: Attributes): void {
    this.#kernel.thread(tid).attributes = attributes;
  }

  caller(pid: Pid, uid: Uid = this.#kernel.process(pid).uids[0]): Caller {
    return { name: `:1.${pid}`, uid, pid };
  }

  set beforeAct(change: (() => void) | undefined) {
    this.scheduler.beforeAct = change;
  }

  set afterAct(change: (() => void) | undefined) {
    this.scheduler.afterAct = change;
  }

  // What only a fake can do:

  /** What the broker held is closed, and it is told nothing any more. */
  killBroker(): void {
    this.processes.openHandles = 0;
    for (const { onEnd } of this.#kernel.threads.values()) onEnd.clear();
  }

  /** The thread that has this tid now, as a grant names it. */
  thread(tid: Tid): Thread {
    return identityOf(this.#kernel.thread(tid));
  }

  setRttime(pid: Pid, rttime: Exclude<Rttime, 'unread'>): void {
    this.#kernel.process(pid).rttime = rttime;
  }

  rttimeOf(pid: Pid): Exclude<Rttime, 'unread'> {
    return this.#kernel.process(pid).rttime;
  }

  setNames(pid: Pid, comm: string, program: string): void {
    Object.assign(this.#kernel.process(pid), { comm, program });
  }

  setGroups(pid: Pid, groups: readonly number[]): void {
    this.#kernel.process(pid).groups = groups as readonly Gid[];
  }

  /** @param units as in "slice user.slice" */
  setUnits(pid: Pid, ...units: readonly string[]): void {
    this.#kernel.process(pid).units = units;
  }

  /** Word of ends waits from now on. @returns how to let it through */
  holdExits(): () => void {
    return this.#kernel.holdExits();
  }

  burn(tid: Tid, usec: bigint): void {
    this.#kernel.thread(tid).cpuUsec += usec;
  }

  [Symbol.dispose](): void {}
}
