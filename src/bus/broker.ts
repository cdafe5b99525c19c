import type { GrantView, LimitsView } from '../broker.ts';
import type { Grant } from '../core/ledger.ts';
import type { Caller, News, Wanted } from '../ports.ts';

/** What the bus needs of the broker. */
export interface BrokerOnTheBus {
  /** @throws Refused */
  acquire(caller: Caller, wanted: Wanted): Promise<void>;
  /** Read as it is walked through, which may take a while: grants may come and go meanwhile. */
  grants(caller: Caller): Iterable<GrantView>;
  /** Undefined when its thread is gone. */
  view(grant: Grant): GrantView | undefined;
  limits(caller: Caller): LimitsView;
  readonly totals: { readonly threads: number; readonly processes: number; readonly users: number };
  /** Some CPU is starved by realtime threads at this moment. */
  readonly starved: boolean;
  onNews: (news: News) => void;
}
