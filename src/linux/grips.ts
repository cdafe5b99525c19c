import { closeSync } from 'node:fs';
import { isLeader, type Thread, type Uid } from '../core/thread.ts';
import type { Library } from './library.ts';
import type { Rounds } from './rounds.ts';

/** What a handle holds a thread by. */
export interface Grip {
  readonly gone: boolean;
  readonly uids: readonly Uid[] | undefined;
  /** @returns how to stop it */
  watch(onGone: () => void): () => void;
  close(): void;
}

/** How a thread's end is seen, and heard of. */
export interface Means {
  readonly library: Pick<Library, 'hasEnded' | 'uidsOf'>;
  readonly watch: (pidfd: number, onGone: () => void) => () => void;
  readonly rounds: Rounds;
  /** By its start time in /proc. */
  readonly isStill: (thread: Thread) => boolean;
  /** Whether a pidfd tells them; and otherwise, of its process in /proc. */
  readonly pidfdsTellUids: boolean;
  readonly uidsOf: (thread: Thread) => readonly Uid[] | undefined;
}

// Classes, because there are as many of them as grants: objects with functions of their own take four times the memory.

export class PidfdGrip implements Grip {
  readonly #thread: Thread;
  readonly #pidfd: number;
  readonly #means: Means;

  constructor(thread: Thread, pidfd: number, means: Means) {
    this.#thread = thread;
    this.#pidfd = pidfd;
    this.#means = means;
  }

  /** Since Linux 6.15 a main thread's pidfd waits for the whole process, whatever its flags: /proc knows better. */
  get gone(): boolean {
    const { library, isStill } = this.#means;
    return library.hasEnded(this.#pidfd) || (isLeader(this.#thread) && !isStill(this.#thread));
  }

  get uids(): readonly Uid[] | undefined {
    const { library, pidfdsTellUids, uidsOf } = this.#means;
    return pidfdsTellUids ? library.uidsOf(this.#pidfd) : uidsOf(this.#thread);
  }

  watch(onGone: () => void): () => void {
    return this.#means.watch(this.#pidfd, onGone);
  }

  close(): void {
    closeSync(this.#pidfd);
  }
}

export class StartTimeGrip implements Grip {
  readonly #thread: Thread;
  readonly #means: Means;

  constructor(thread: Thread, means: Means) {
    this.#thread = thread;
    this.#means = means;
  }

  get gone(): boolean {
    return !this.#means.isStill(this.#thread);
  }

  get uids(): readonly Uid[] | undefined {
    return this.#means.uidsOf(this.#thread);
  }

  watch(onGone: () => void): () => void {
    return this.#means.rounds.watch(() => this.gone, onGone);
  }

  close(): void {}
}
