import { isLeader, type Thread, type Uid } from '../core/thread.ts';
import type { ThreadHandle } from '../ports.ts';
import { descriptorCeiling } from './descriptors.ts';
import { SyscallError } from './errno.ts';
import { Exits } from './exits.ts';
import { type Grip, type Means, PidfdGrip, StartTimeGrip } from './grips.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';
import { hasThreadPidfds, openProcess, openThread, pidfdsTellUids } from './pidfd.ts';
import type { Proc } from './proc.ts';
import { Rounds } from './rounds.ts';
import { hasEnded } from './stat.ts';

/** Opens handles, and hears for them when their threads end. */
export class Handles implements Disposable {
  readonly #library: Library;
  readonly #proc: Proc;
  readonly #threadPidfds: boolean;
  readonly #ceiling = descriptorCeiling();
  readonly #exits: Exits;
  readonly #rounds = new Rounds();
  readonly #means: Means;

  /** @param threadPidfds false: as on a kernel without PIDFD_THREAD; @throws SyscallError */
  constructor(library: Library, proc: Proc, threadPidfds = hasThreadPidfds(library)) {
    this.#library = library;
    this.#proc = proc;
    this.#threadPidfds = threadPidfds;
    this.#exits = new Exits(library);
    this.#means = {
      library,
      watch: (pidfd, onGone) => this.watch(pidfd, onGone),
      rounds: this.#rounds,
      pidfdsTellUids: threadPidfds && pidfdsTellUids(library),
      isStill: (thread) => this.#isStill(thread),
      uidsOf: (thread) => this.#uidsInProc(thread),
    };
  }

  /** See ProcessTable.open. */
  open(thread: Thread, use?: 'once'): ThreadHandle {
    const ceiling = use === 'once' ? Number.POSITIVE_INFINITY : this.#ceiling;
    const handle = new Handle(thread, this.#grip(thread, ceiling));
    try {
      // Only now does the tid mean one thread for good; it may have been another's when the grip was taken.
      if (!this.#isStill(thread) || handle.gone) throw noSuchThread(`Thread ${thread.tid} has ended`);
      return handle;
    } catch (fault) {
      handle.drop();
      throw fault;
    }
  }

  /**
   * Calls back once, after what the pidfd means has ended, never before this returns.
   * @returns how to stop it, to be called before the pidfd is closed
   */
  watch(pidfd: number, onGone: () => void): () => void {
    try {
      return this.#exits.watch(pidfd, onGone);
    } catch (fault) {
      if (!(fault instanceof SyscallError)) throw fault;
      // Out of memory or of epoll watches, and it is held already: hear of its end a little later instead.
      return this.#rounds.watch(() => this.#library.hasEnded(pidfd), onGone);
    }
  }

  [Symbol.dispose](): void {
    this.#exits[Symbol.dispose]();
    this.#rounds[Symbol.dispose]();
  }

  #grip(thread: Thread, ceiling: number): Grip {
    const means = this.#means;
    if (this.#threadPidfds) return new PidfdGrip(thread, openThread(this.#library, thread, ceiling), means);
    // Good enough for a main thread: both end together, but for one that ends before the rest of its process.
    const { pid } = thread.process;
    if (isLeader(thread)) return new PidfdGrip(thread, openProcess(this.#library, pid, ceiling), means);
    return new StartTimeGrip(thread, means);
  }

  #uidsInProc({ process }: Thread): readonly Uid[] | undefined {
    return this.#proc.status(process.pid)?.uids;
  }

  #isStill({ tid, starttime, process }: Thread): boolean {
    const stat = this.#proc.stat(process.pid, tid);
    return stat !== undefined && stat.starttime === starttime && !hasEnded(stat);
  }
}

class Handle implements ThreadHandle {
  readonly thread: Thread;
  readonly #grip: Grip;
  #open = true;
  #kept = false;
  #stopWatching: (() => void) | undefined;

  constructor(thread: Thread, grip: Grip) {
    this.thread = thread;
    this.#grip = grip;
  }

  /** Of a closed handle nothing can be told, so nothing may be done to its thread. */
  get gone(): boolean {
    return !this.#open || this.#grip.gone;
  }

  get uids(): readonly Uid[] | undefined {
    return this.#open ? this.#grip.uids : undefined;
  }

  keep(onGone: () => void): void {
    this.#kept = true;
    this.#stopWatching = this.#grip.watch(() => {
      this.drop();
      onGone();
    });
  }

  drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopWatching?.();
    this.#grip.close();
  }

  [Symbol.dispose](): void {
    if (!this.#kept) this.drop();
  }
}
