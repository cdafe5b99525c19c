import { closeSync } from 'node:fs';
import { isLeader, type Thread, type Uid } from '../core/thread.ts';
import type { ThreadHandle } from '../ports.ts';
import { descriptorCeiling } from './descriptors.ts';
import { SyscallError } from './errno.ts';
import { Exits } from './exits.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';
import { hasThreadPidfds, openProcess, openThread, pidfdsTellUids } from './pidfd.ts';
import type { Proc } from './proc.ts';
import { Rounds } from './rounds.ts';
import { hasEnded } from './stat.ts';

/** What a handle holds a thread by. */
interface Grip {
  readonly gone: boolean;
  readonly uids: readonly Uid[] | undefined;
  /** @returns how to stop it */
  watch(onGone: () => void): () => void;
  close(): void;
}

/** Opens handles, and hears for them when their threads end. */
export class Handles implements Disposable {
  readonly #library: Library;
  readonly #proc: Proc;
  readonly #threadPidfds: boolean;
  readonly #pidfdsTellUids: boolean;
  readonly #exits: Exits;
  readonly #ceiling = descriptorCeiling();
  readonly #rounds = new Rounds();

  /** @param threadPidfds false: as on a kernel without PIDFD_THREAD; @throws SyscallError */
  constructor(library: Library, proc: Proc, threadPidfds = hasThreadPidfds(library)) {
    this.#library = library;
    this.#proc = proc;
    this.#threadPidfds = threadPidfds;
    this.#pidfdsTellUids = threadPidfds && pidfdsTellUids(library);
    this.#exits = new Exits(library);
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

  [Symbol.dispose](): void {
    this.#exits[Symbol.dispose]();
    this.#rounds[Symbol.dispose]();
  }

  #grip(thread: Thread, ceiling: number): Grip {
    if (this.#threadPidfds) return this.#gripPidfd(thread, openThread(this.#library, thread, ceiling));
    // Good enough for a main thread: both end together, but for one that ends before the rest of its process.
    if (isLeader(thread)) return this.#gripPidfd(thread, openProcess(this.#library, thread.process.pid, ceiling));
    return this.#gripStartTime(thread);
  }

  #gripPidfd(thread: Thread, pidfd: number): Grip {
    // Since Linux 6.15 a main thread's pidfd waits for the whole process, whatever its flags: /proc knows better.
    const gone = () => this.#library.hasEnded(pidfd) || (isLeader(thread) && !this.#isStill(thread));
    const uids = () => (this.#pidfdsTellUids ? this.#library.uidsOf(pidfd) : this.#uidsInProc(thread));
    return {
      get gone() {
        return gone();
      },
      get uids() {
        return uids();
      },
      watch: (onGone) => this.#watchPidfd(pidfd, onGone),
      close: () => closeSync(pidfd),
    };
  }

  #watchPidfd(pidfd: number, onGone: () => void): () => void {
    try {
      return this.#exits.watch(pidfd, onGone);
    } catch (fault) {
      if (!(fault instanceof SyscallError)) throw fault;
      // Out of memory or of epoll watches, and the thread is already granted: hear of its end a little later instead.
      return this.#rounds.watch(() => this.#library.hasEnded(pidfd), onGone);
    }
  }

  #gripStartTime(thread: Thread): Grip {
    const gone = () => !this.#isStill(thread);
    const uids = () => this.#uidsInProc(thread);
    return {
      get gone() {
        return gone();
      },
      get uids() {
        return uids();
      },
      watch: (onGone) => this.#rounds.watch(gone, onGone),
      close: () => {},
    };
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
