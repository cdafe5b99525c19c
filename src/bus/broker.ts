import type { Administration } from '../administration.ts';
import type { GrantView, LimitsView } from '../broker.ts';
import type { Grant } from '../core/ledger.ts';
import type { Refusal } from '../core/refusal.ts';
import type { Scheduling } from '../core/scheduling.ts';
import type { Lateness, Statistics } from '../core/statistics.ts';
import type { Caller, News, Patience, Reach, Target, Wanted } from '../ports.ts';

/** What the bus needs of the broker. */
export interface BrokerOnTheBus {
  /** @throws Refused */
  acquire(caller: Caller, wanted: Wanted, patience: Patience): Promise<void>;
  /** What stands against it, if anything does. @throws Refused when the caller may not know */
  explain(caller: Caller, target: Target, scheduling: Scheduling, patience: Patience): Promise<Refusal | undefined>;
  readonly administration: Pick<Administration, 'reach' | 'release' | 'demote' | 'demoteAll' | 'reload'>;
  /** Read as it is walked through, which may take a while: grants may come and go meanwhile. */
  grants(caller: Caller, reach: Reach): Iterable<GrantView>;
  /** Undefined when its thread is gone. */
  view(grant: Grant): GrantView | undefined;
  limits(caller: Caller): LimitsView;
  readonly totals: { readonly threads: number; readonly processes: number; readonly users: number };
  readonly statistics: Statistics;
  readonly lateness: Lateness;
  /** Some CPU is starved by realtime threads at this moment. */
  readonly starved: boolean;
  /** Takes realtime away for good: from all that was granted it, or from all that has it but root's. */
  readonly resets: { known(): Promise<void>; all(): Promise<void> };
  readonly suspension: { suspend(): Promise<void>; resume(): Promise<void> };
  onNews: (news: News) => void;
}
