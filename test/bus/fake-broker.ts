import type { GrantView, LimitsView } from '../../src/broker.ts';
import type { BrokerOnTheBus } from '../../src/bus/broker.ts';
import type { Grant } from '../../src/core/ledger.ts';
import { defaultBurst, defaultLimits } from '../../src/core/limits.ts';
import type { Refusal } from '../../src/core/refusal.ts';
import { plainTerms } from '../../src/core/rules.ts';
import { ordinary, type Scheduling } from '../../src/core/scheduling.ts';
import { type Lateness, Statistics } from '../../src/core/statistics.ts';
import type { Pid, StartTime, Tid, Uid } from '../../src/core/thread.ts';
import type { Caller, News, Patience, Reach, Target, Wanted } from '../../src/ports.ts';

/** Grants everything it is asked, or does what a test tells it. */
export class FakeBroker implements BrokerOnTheBus {
  readonly asked: { readonly caller: Caller; readonly wanted: Wanted }[] = [];
  /** Everything else that was asked for: the member of the broker, and its arguments. */
  readonly told: unknown[][] = [];
  readonly patience: Patience[] = [];
  /** What Explain has to explain. */
  refusal: Refusal | undefined;
  /** What happens to each request. */
  onAcquire: () => void | Promise<void> = () => {};
  onNews: (news: News) => void = () => {};
  starved = false;
  readonly statistics = new Statistics(1_700_000_000_000_000n);
  lateness: Lateness = { classes: Array.from({ length: 12 }, (_, index) => BigInt(index)), sumUsec: 5000n };
  totals = { threads: 0, processes: 0, users: 0 };
  views: readonly GrantView[] = [];
  /** Threads that have ended, by their tids. */
  readonly gone = new Set<number>();
  /** Grants whose threads were looked at for somebody. */
  readonly viewed: Grant[] = [];

  async acquire(caller: Caller, wanted: Wanted, patience: Patience): Promise<void> {
    this.asked.push({ caller, wanted });
    this.patience.push(patience);
    await this.onAcquire();
  }

  async explain(caller: Caller, target: Target, scheduling: Scheduling, patience: Patience) {
    this.told.push(['explain', caller.name, target, scheduling, patience]);
    return this.refusal;
  }

  readonly administration = {
    reach: async ({ uid }: Caller, patience: Patience): Promise<Reach> => {
      this.patience.push(patience);
      return uid === 0 ? 'anyone' : 'own';
    },
    release: async ({ name }: Caller, target: Target, patience: Patience) =>
      void this.told.push(['release', name, target, patience]),
    demote: async ({ name }: Caller, target: Target, patience: Patience) =>
      void this.told.push(['demote', name, target, patience]),
    demoteAll: async ({ name }: Caller, patience: Patience) => void this.told.push(['demoteAll', name, patience]),
    reload: async ({ name }: Caller, patience: Patience) => void this.told.push(['reload', name, patience]),
  };

  /** Which of root's calls came. */
  readonly commands: string[] = [];
  readonly #command = (name: string) => async (): Promise<void> => void this.commands.push(name);
  readonly resets = { known: this.#command('reset known'), all: this.#command('reset all') };
  readonly suspension = { suspend: this.#command('suspend'), resume: this.#command('resume') };

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
    former: ordinary,
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
