import { Broker, type GrantView, type Parts } from '../src/broker.ts';
import { defaultBurst, defaultLimits } from '../src/core/limits.ts';
import { Rulebook } from '../src/core/rulebook.ts';
import type { Kind, Scheduling } from '../src/core/scheduling.ts';
import type { Pid, Tid, Uid } from '../src/core/thread.ts';
import type { Face, News } from '../src/ports.ts';
import { Refused } from '../src/refused.ts';
import { FakeAuthority } from './fakes/authority.ts';
import { FakeClock, settled } from './fakes/clock.ts';
import { FakeConfiguration } from './fakes/configuration.ts';
import { FakeJournal } from './fakes/journal.ts';
import { FakeLogbook } from './fakes/logbook.ts';
import { FakeMeddlers } from './fakes/meddlers.ts';
import { FakeWatchdog } from './fakes/watchdog.ts';
import { FakeWorld } from './fakes/world.ts';

export const rr = (priority: number): Scheduling => ({ kind: 'realtime', priority });
export const nice = (level: number): Scheduling => ({ kind: 'high-priority', nice: level });

/** The broker in a world of paper. */
export class House {
  readonly world: FakeWorld;
  readonly authority = new FakeAuthority();
  readonly clock: FakeClock;
  readonly journal = new FakeJournal();
  readonly logbook = new FakeLogbook();
  readonly watchdog = new FakeWatchdog();
  readonly configuration = new FakeConfiguration();
  readonly meddlers = new FakeMeddlers();
  readonly news: News[] = [];
  readonly broker: Broker;

  constructor(parts: Partial<Parts> = {}, world = new FakeWorld(), clock = new FakeClock()) {
    this.world = world;
    this.clock = clock;
    const { authority, journal, logbook, watchdog, meddlers } = this;
    const { processes, scheduler } = world;
    this.broker = new Broker({
      processes,
      scheduler,
      watchdog,
      authority,
      clock,
      journal,
      rulebook: new Rulebook(defaultLimits),
      logbook,
      burst: defaultBurst,
      cooldownSec: 30,
      configuration: this.configuration,
      meddlers,
      reassertDrifted: false,
      ...parts,
    });
    this.logbook.begin();
    this.broker.onNews = (news) => this.news.push(news);
  }

  /** This broker is killed, and another one takes over what it wrote down. @param meanwhile happens with no broker there */
  succeed(meanwhile: () => void = () => {}): House {
    const legacy = this.logbook.legacy;
    this.world.killBroker();
    meanwhile();
    const successor = new House({}, this.world, new FakeClock(this.clock.bootMsec()));
    void successor.broker.adopt(legacy);
    return successor;
  }

  /** A process that may be realtime, with its main thread. */
  spawn(uid?: Uid): Pid {
    return this.world.spawn({ rttimeUsec: 200_000n, ...(uid !== undefined && { uid }) });
  }

  /** @returns 'granted', or why not */
  async ask(pid: Pid, tid: Tid, scheduling: Scheduling, face: Face = 'own'): Promise<string> {
    const wanted = { face, process: undefined, thread: BigInt(tid), scheduling };
    try {
      await this.broker.acquire(this.world.caller(pid), wanted);
      return 'granted';
    } catch (fault) {
      if (fault instanceof Refused) return fault.refusal.reason;
      throw fault;
    }
  }

  /** Asks, and lets everybody do what he can until polkit or time must move. */
  async asking(pid: Pid, tid: Tid, scheduling: Scheduling): Promise<Promise<string>[]> {
    const answer = this.ask(pid, tid, scheduling);
    await settled();
    return [answer];
  }

  view(tid: Tid): GrantView | undefined {
    const views = [...this.broker.grants({ name: ':1.0', uid: 0 as Uid, pid: 1 as Pid }, 'anyone')];
    return views.find((view) => view.grant.thread.tid === tid);
  }

  used(pid: Pid, kind: Kind): number {
    const limits = this.broker.limits(this.world.caller(pid));
    return kind === 'realtime' ? limits.realtimeThreads : limits.highPriorityThreads;
  }
}
