import { type Attributes, descendsFrom, runsAs, type Scheduling } from './scheduling.ts';

/** How a thread that runs other than it was granted came to do so. */
export type Drift = 'left' | 'lowered' | 'changed-by-others';

/**
 * A thread's owner cannot drop reset-on-fork, and chrt(1), ananicy and their like do so: what still carries it and has less
 * is taken for its owner's own will. A realtime thread that he made an ordinary one has left its grant. Of a nice level
 * nobody can say who raised it: renice(1) leaves the mark.
 * @returns undefined when it runs as granted
 */
export function driftOf(actual: Attributes, granted: Scheduling): Drift | undefined {
  if (runsAs(actual, granted)) return undefined;
  if (!actual.resetOnFork) return 'changed-by-others';
  if (hasPrivilege(actual)) return descendsFrom(actual, granted) ? 'lowered' : 'changed-by-others';
  return granted.kind === 'realtime' ? 'left' : 'lowered';
}

const hasPrivilege = ({ policy, nice }: Attributes): boolean =>
  policy === 'rr' || policy === 'fifo' || policy === 'deadline' || nice < 0;

/** "rr 5", "other 0": the policy, and the priority or the nice level that goes with it. */
export const describeActual = ({ policy, priority, nice }: Attributes): string =>
  policy === 'rr' || policy === 'fifo' ? `${policy} ${priority}` : `${policy} ${nice}`;
