/** What a caller asks for one thread: SCHED_RR with a priority, or SCHED_OTHER with a nice level; sched(7). */
export type Scheduling = Realtime | HighPriority;

export interface Realtime {
  readonly kind: 'realtime';
  /** 1 to 99, more is more urgent. */
  readonly priority: number;
}

export interface HighPriority {
  readonly kind: 'high-priority';
  /** −20 to 19, less is more urgent. */
  readonly nice: number;
}

export type Kind = Scheduling['kind'];

/** What a thread runs as, as sched_getattr(2) tells it. */
export interface Attributes {
  readonly policy: Policy;
  /** 0 unless the policy is fifo or rr. */
  readonly priority: number;
  readonly nice: number;
  readonly resetOnFork: boolean;
}

/** What any thread is born with; sched(7). */
export const ordinary: Attributes = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };

/** By their numbers, sched(7); 4 was never used. */
export const policies = ['other', 'fifo', 'rr', 'batch', 'unknown', 'idle', 'deadline', 'ext'] as const;
export type Policy = (typeof policies)[number];

/** Every grant carries reset-on-fork, so that no child inherits what only its parent was given. */
export const attributesOf = (scheduling: Scheduling): Attributes =>
  scheduling.kind === 'realtime'
    ? { policy: 'rr', priority: scheduling.priority, nice: 0, resetOnFork: true }
    : { policy: 'other', priority: 0, nice: scheduling.nice, resetOnFork: true };

/** Nice has no meaning under a realtime policy, and survives it (sched(7)): it is compared for the others only. */
export const runsAs = (actual: Attributes, scheduling: Scheduling): boolean => {
  const granted = attributesOf(scheduling);
  return (
    actual.policy === granted.policy &&
    actual.priority === granted.priority &&
    actual.resetOnFork === granted.resetOnFork &&
    (scheduling.kind === 'realtime' || actual.nice === granted.nice)
  );
};

/**
 * Whether a thread that was granted this may have made itself run as that: unprivileged, it may lower its priority, raise
 * its nice level or leave the realtime policy, but never drop reset-on-fork, which marks what we gave (sched(7)).
 */
export const descendsFrom = (actual: Attributes, granted: Scheduling): boolean => {
  if (!actual.resetOnFork) return false;
  if (actual.policy === 'rr' || actual.policy === 'fifo')
    return granted.kind === 'realtime' && actual.priority <= granted.priority;
  return actual.nice < 0;
};

/**
 * What a thread goes back to when its grant is over, by what it ran as before. Privileges that carry reset-on-fork may be
 * ours, from a time that nobody remembers; and of a deadline more would have to be known than can be read.
 */
export function formerOf(before: Attributes): Attributes {
  const { policy, nice } = before;
  const realtime = policy === 'rr' || policy === 'fifo';
  if (policy === 'deadline' || policy === 'unknown' || (before.resetOnFork && realtime))
    return { ...ordinary, nice: Math.max(0, nice) };
  return before.resetOnFork && nice < 0 ? { ...before, nice: 0 } : before;
}

/** Nice 0 and above is no privilege: whoever asks for it on a granted thread gives the grant back. */
export const givesBack = (scheduling: Scheduling): boolean =>
  scheduling.kind === 'high-priority' && scheduling.nice >= 0;

export const isSame = (one: Scheduling | undefined, other: Scheduling): boolean =>
  one !== undefined && describe(one) === describe(other);

export const isAlike = (one: Attributes, other: Attributes): boolean =>
  one.policy === other.policy &&
  one.priority === other.priority &&
  one.nice === other.nice &&
  one.resetOnFork === other.resetOnFork;

export const describe = (scheduling: Scheduling): string =>
  scheduling.kind === 'realtime' ? `realtime priority ${scheduling.priority}` : `nice ${scheduling.nice}`;
