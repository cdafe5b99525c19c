import type { Rttime } from '../../src/core/judge.ts';
import { type Attributes, ordinary } from '../../src/core/scheduling.ts';
import type { Gid, Pid, StartTime, Thread, Tid, Uid } from '../../src/core/thread.ts';
import { Refused } from '../../src/refused.ts';

export interface FakeThread {
  readonly tid: Tid;
  readonly starttime: StartTime;
  readonly house: FakeProcess;
  attributes: Attributes;
  cpuUsec: bigint;
  /** A main thread that ended before the others keeps its tid. */
  ended: boolean;
  readonly onEnd: Set<() => void>;
}

export interface FakeProcess {
  readonly pid: Pid;
  readonly starttime: StartTime;
  uids: readonly [real: Uid, effective: Uid, saved: Uid, fileSystem: Uid];
  rttime: Exclude<Rttime, 'unread'>;
  /** More with whatever it does. */
  usedNsec: number;
  comm: string;
  program: string;
  groups: readonly Gid[];
  /** As in "unit foo.service". */
  units: readonly string[];
}

/** Who lives, under which ids; the fake ports read it, and FakeWorld moves it. */
export class FakeKernel {
  readonly processes = new Map<Pid, FakeProcess>();
  readonly threads = new Map<Tid, FakeThread>();
  #held: FakeThread[] | undefined;
  #nextId = 1000;
  #ticks = 5000n;

  freshId(): number {
    return this.#nextId++;
  }

  startProcess(id: number, uid: Uid, rttime: Exclude<Rttime, 'unread'>): FakeProcess {
    const process: FakeProcess = {
      pid: id as Pid,
      starttime: (this.#ticks + 1n) as StartTime,
      uids: [uid, uid, uid, uid],
      rttime,
      usedNsec: 1000,
      comm: 'actor',
      program: '/usr/bin/actor',
      groups: [uid as number as Gid],
      units: [],
    };
    this.processes.set(process.pid, process);
    this.startThread(id, process);
    return process;
  }

  startThread(id: number, house: FakeProcess): FakeThread {
    const thread: FakeThread = {
      tid: id as Tid,
      starttime: ++this.#ticks as StartTime,
      house,
      attributes: ordinary,
      cpuUsec: 0n,
      ended: false,
      onEnd: new Set(),
    };
    this.threads.set(thread.tid, thread);
    house.usedNsec++;
    return thread;
  }

  end(thread: FakeThread): void {
    thread.ended = true;
    thread.house.usedNsec++;
    this.threads.delete(thread.tid);
    if (this.#held === undefined) for (const onEnd of thread.onEnd) onEnd();
    else this.#held.push(thread);
  }

  holdExits(): () => void {
    const held: FakeThread[] = [];
    this.#held = held;
    return () => {
      this.#held = undefined;
      for (const { onEnd } of held) for (const each of onEnd) each();
    };
  }

  process(pid: Pid): FakeProcess {
    const process = this.processes.get(pid);
    if (process === undefined) throw new Error(`the fake world has no process ${pid}`);
    return process;
  }

  thread(tid: Tid): FakeThread {
    const thread = this.threads.get(tid);
    if (thread === undefined) throw new Error(`the fake world has no thread ${tid}`);
    return thread;
  }

  threadsOf(pid: Pid): readonly FakeThread[] {
    return [...this.threads.values()].filter(({ house }) => house.pid === pid);
  }
}

/** The thread as a grant names it. */
export const identityOf = ({ tid, starttime, house }: FakeThread): Thread => ({
  tid,
  starttime,
  process: { pid: house.pid, starttime: house.starttime, uid: house.uids[0] },
});

export const noSuchThread = (what: string): Refused => new Refused({ reason: 'no-such-thread', what });
