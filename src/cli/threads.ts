import type { ThreadId } from './remote.ts';

/** What the kernel tells of a thread to everybody. */
export interface Running {
  readonly uid: number;
  readonly comm: string;
  /** Empty when we may not know. */
  readonly program: string;
  /** proc(5)'s letter. */
  readonly state: string;
  readonly policy: string;
  /** A priority under a realtime policy, a nice level under the others. */
  readonly level: number;
  /** How often it went to sleep by itself in its life. */
  readonly sleeps: number;
  /** The hard RLIMIT_RTTIME of its process. */
  readonly rttimeUsec: bigint | 'unlimited';
}

export interface Threads {
  /** Undefined when there is no such thread (any more), or we may not look. */
  look(id: ThreadId): Running | undefined;
}
