/** What one may have. Every key can be set in the configuration's [limits] table under its snake_case name. */
export interface Limits {
  /** Highest SCHED_RR priority granted, 1 to 98 (99 is the watchdog's). */
  readonly realtimePriorityMax: number;
  /** Lowest nice level granted, −20 to −1. */
  readonly niceLevelMin: number;
  /** Highest hard RLIMIT_RTTIME a process may have to be granted realtime, in µs. */
  readonly rttimeUsecMax: bigint;
  /** What becomes of a process without one: it is refused, or given the highest. */
  readonly rttimePolicy: 'require' | 'clamp';
  readonly processesPerUserMax: number;
  readonly realtimeThreadsPerUserMax: number;
  readonly highPriorityThreadsPerUserMax: number;
  readonly realtimeThreadsPerProcessMax: number;
  readonly highPriorityThreadsPerProcessMax: number;
  readonly usersMax: number;
}

/**
 * What rtkit's interface says for as long as the machine runs, whatever is configured meanwhile: clients read it once and
 * set their own RLIMIT_RTTIME by it, which they can never raise again.
 */
export type Advertised = Pick<Limits, 'rttimeUsecMax' | 'realtimePriorityMax' | 'niceLevelMin'>;

export const defaultLimits: Limits = {
  realtimePriorityMax: 20,
  niceLevelMin: -15,
  rttimeUsecMax: 200_000n,
  rttimePolicy: 'require',
  processesPerUserMax: 64,
  realtimeThreadsPerUserMax: 128,
  highPriorityThreadsPerUserMax: 512,
  realtimeThreadsPerProcessMax: 128,
  highPriorityThreadsPerProcessMax: 512,
  usersMax: 2048,
};

/** Below this the kernel kills a process almost as soon as it is realtime: at 0 within 3 ms. */
export const rttimeUsecMin = 10_000n;

/** Token buckets: so many requests at once, and so many a second in the long run. */
export interface BurstLimits {
  readonly processRequests: number;
  readonly processRefillPerSec: number;
  readonly userRequests: number;
  readonly userRefillPerSec: number;
}

export const defaultBurst: BurstLimits = {
  processRequests: 32,
  processRefillPerSec: 4,
  userRequests: 64,
  userRefillPerSec: 8,
};
