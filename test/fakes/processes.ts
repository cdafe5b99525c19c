import type { Rttime } from '../../src/core/judge.ts';
import type { Subject } from '../../src/core/rules.ts';
import type { Process, StartTime, Thread, Uid } from '../../src/core/thread.ts';
import type { Caller, ProcessTable, Reach, Sighting, Target, ThreadHandle } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';
import { type FakeKernel, type FakeProcess, type FakeThread, identityOf, noSuchThread } from './kernel.ts';

export class FakeProcessTable implements ProcessTable {
  /** File descriptors that handles may still take; and those that are spared for what is done at once. */
  descriptorsLeft = Number.POSITIVE_INFINITY;
  descriptorsSpared = 1;
  /** Whether the broker has CAP_SYS_RESOURCE. */
  mayLimit = true;
  /** Handles that were opened and not closed. */
  openHandles = 0;
  /** How often it was looked at whose a process is. */
  looks = 0;
  readonly #kernel: FakeKernel;
  readonly #starttimes = new WeakMap<Caller, StartTime>();

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
  }

  async find(caller: Caller, target: Target, reach: Reach = 'own'): Promise<Sighting> {
    const process = this.#process(caller, target);
    const { pid, uids, comm, program } = process;
    const [uid] = uids;
    if (uids.some((each) => each !== uid) || (uid !== caller.uid && reach !== 'anyone'))
      throw new Refused({ reason: 'not-your-process', pid, uids, caller: caller.uid });

    const tid = target.thread === 0n ? BigInt(pid) : target.thread;
    const thread = this.#kernel.threadsOf(pid).find((each) => BigInt(each.tid) === tid && !each.ended);
    if (thread === undefined) throw noSuchThread(`Process ${pid} has no thread ${tid}`);
    return { thread: identityOf(thread), comm, program };
  }

  open(thread: Thread, use?: 'once'): ThreadHandle {
    const found = this.#kernel.threads.get(thread.tid);
    if (found === undefined || found.ended || found.starttime !== thread.starttime)
      throw noSuchThread(`Thread ${thread.tid} has ended`);
    if (this.descriptorsLeft + (use === 'once' ? this.descriptorsSpared : 0) <= 0)
      throw new Refused({
        reason: 'kernel-refused',
        call: 'pidfd_open',
        errno: 'EMFILE',
        cause: 'Out of descriptors.',
      });

    this.#count(+1);
    return new FakeHandle(
      thread,
      found,
      () => found.ended || this.#kernel.threads.get(found.tid) !== found,
      () => this.#count(-1),
    );
  }

  subject({ pid, uid }: Pick<Process, 'pid' | 'uid'>): Subject {
    const found = this.#kernel.processes.get(pid);
    return {
      uid,
      isInGroup: (gid) => found?.groups.includes(gid) ?? false,
      runs: (path) => found?.program === path,
      isInUnit: (of, name) => found?.units.includes(`${of} ${name}`) ?? false,
    };
  }

  rttime({ pid, starttime }: Process, held?: ThreadHandle): Exclude<Rttime, 'unread'> {
    const found = this.#kernel.processes.get(pid);
    if (found?.starttime !== starttime || held?.gone) throw noSuchThread(`Process ${pid} has ended`);
    return found.rttime;
  }

  limitRttime({ pid, starttime }: Process, usec: bigint): boolean {
    const found = this.#kernel.processes.get(pid);
    if (found?.starttime !== starttime) throw noSuchThread(`Process ${pid} has ended`);
    if (this.mayLimit) found.rttime = usec;
    return this.mayLimit;
  }

  standingOf({ pid, starttime, uid }: Process): 'same' | 'uid-changed' | 'gone' {
    const found = this.#kernel.processes.get(pid);
    this.looks++;
    if (found?.starttime !== starttime) return 'gone';
    return found.uids.every((each) => each === uid) ? 'same' : 'uid-changed';
  }

  usedNsec(pid: Process['pid']): number | undefined {
    return this.#kernel.processes.get(pid)?.usedNsec;
  }

  cpuUsec({ tid, starttime }: Thread): bigint {
    const found = this.#kernel.threads.get(tid);
    return found?.starttime === starttime ? found.cpuUsec : 0n;
  }

  async *realtimeThreads(): AsyncIterable<Sighting> {
    for (const thread of this.#kernel.threads.values()) {
      const { policy } = thread.attributes;
      const [, uid] = thread.house.uids;
      if ((policy !== 'rr' && policy !== 'fifo') || uid === 0) continue;
      const { comm, program } = thread.house;
      yield { thread: identityOf(thread), comm, program };
    }
  }

  #process(caller: Caller, { process }: Target): FakeProcess {
    const asker = this.#kernel.processes.get(caller.pid);
    const starttime = this.#starttimes.get(caller) ?? asker?.starttime;
    if (asker === undefined || asker.starttime !== starttime)
      throw noSuchThread(`The calling process ${caller.pid} has ended`);
    this.#starttimes.set(caller, starttime);

    const id = process ?? BigInt(caller.pid);
    const found = [...this.#kernel.processes.values()].find(({ pid }) => BigInt(pid) === id);
    if (found === undefined) throw noSuchThread(`There is no process ${id}`);
    return found;
  }

  #count(change: 1 | -1): void {
    this.openHandles += change;
    this.descriptorsLeft -= change;
  }
}

class FakeHandle implements ThreadHandle {
  readonly thread: Thread;
  readonly #found: FakeThread;
  readonly #isGone: () => boolean;
  readonly #onClose: () => void;
  #open = true;
  #kept = false;
  #onEnd = (): void => {};

  constructor(thread: Thread, found: FakeThread, isGone: () => boolean, onClose: () => void) {
    this.thread = thread;
    this.#found = found;
    this.#isGone = isGone;
    this.#onClose = onClose;
  }

  get gone(): boolean {
    return !this.#open || this.#isGone();
  }

  get uids(): readonly Uid[] | undefined {
    return this.gone ? undefined : this.#found.house.uids;
  }

  /** Word of an end comes later, never at once: the real one comes through a socket. */
  keep(onGone: () => void): void {
    this.#kept = true;
    this.#onEnd = () =>
      queueMicrotask(() => {
        if (!this.#open) return;
        this.drop();
        onGone();
      });
    this.#found.onEnd.add(this.#onEnd);
    if (this.gone) this.#onEnd();
  }

  drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#found.onEnd.delete(this.#onEnd);
    this.#onClose();
  }

  [Symbol.dispose](): void {
    if (!this.#kept) this.drop();
  }
}
