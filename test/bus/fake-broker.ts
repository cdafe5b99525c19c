import type { GrantView, LimitsView } from '../../src/broker.ts';
import type { BrokerOnTheBus } from '../../src/bus/broker.ts';
import type { Grant } from '../../src/core/ledger.ts';
import { defaultBurst, defaultLimits } from '../../src/core/limits.ts';
import { plainTerms } from '../../src/core/rules.ts';
import type { Pid, StartTime, Tid, Uid } from '../../src/core/thread.ts';
import type { Caller, News, Wanted } from '../../src/ports.ts';

/** Grants everything it is asked, or does what a test tells it. */
export class FakeBroker implements BrokerOnTheBus {
  readonly asked: { readonly caller: Caller; readonly wanted: Wanted }[] = [];
  /** What happens to each request. */
  onAcquire: () => void | Promise<void> = () => {};
  onNews: (news: News) => void = () => {};
  starved = false;
  totals = { threads: 0, processes: 0, users: 0 };
  views: readonly GrantView[] = [];
  /** Threads that have ended, by their tids. */
  readonly gone = new Set<number>();
  /** Grants whose threads were looked at for somebody. */
  readonly viewed: Grant[] = [];

  async acquire(caller: Caller, wanted: Wanted): Promise<void> {
    this.asked.push({ caller, wanted });
    await this.onAcquire();
  }

  grants(): readonly GrantView[] {
    return this.views;
  }

  view(grant: Grant): GrantView | undefined {
    this.viewed.push(grant);
    return this.gone.has(grant.thread.tid) ? undefined : { ...aView, grant };
  }

  limits(): LimitsView {
    const used = { processes: 1, realtimeThreads: 2, highPriorityThreads: 3, requestsLeft: 4 };
    return { terms: plainTerms(defaultLimits), burst: defaultBurst, ...used };
  }
}

export const aView: GrantView = {
  grant: {
    thread: {
      tid: 4243 as Tid,
      starttime: 1n as StartTime,
      process: { pid: 4242 as Pid, starttime: 1n as StartTime, uid: 1000 as Uid },
    },
    scheduling: { kind: 'realtime', priority: 5 },
    comm: 'data-loop.0',
    program: '/usr/bin/pipewire',
    grantedAtUsec: 1_700_000_000_000_000n,
  },
  actual: { policy: 'rr', priority: 5, nice: 0, resetOnFork: true },
  state: 'active',
  reason: '',
  cpuUsec: 77n,
  excess: undefined,
};
