import { existsSync } from 'node:fs';
import { type Caller, type Face, type Reply, rtkitFace } from '../rig/caller.ts';
import type { Child } from '../rig/child.ts';
import { type Look, looks, tidsOf } from '../rig/kernel.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { patience } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

/** Both are given these limits; none: out of the way. */
export interface Limits {
  readonly threads?: number;
  readonly processes?: number;
  readonly requests?: number;
}

/** Real rtkit or the broker, on a bus of its own that is like the other's, with people to ask. */
export class Side {
  readonly rig: Rig;
  readonly #start: (limits: Limits) => Promise<Child>;
  readonly #callers: Caller[] = [];
  #daemon: Child | undefined;

  private constructor(rig: Rig, start: (limits: Limits) => Promise<Child>) {
    this.rig = rig;
    this.#start = start;
  }

  static async rtkit(): Promise<Side> {
    const rig = await startRig({ rtkitPolicy: true });
    return new Side(rig, (limits) => rig.startRtkit(...rtkitFlags(limits)));
  }

  static async broker(): Promise<Side> {
    const rig = await startRig();
    return new Side(rig, (limits) => rig.startBroker({ config: brokerConfig(limits) }));
  }

  /** A fresh daemon, in place of the one before. */
  async begin(limits: Limits = {}): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = await this.#start(limits);
  }

  /** What it ends with. */
  get exitStatus(): Promise<number | null> {
    if (this.#daemon === undefined) throw new Error('it was never started');
    return this.#daemon.exited.then(({ code }) => code);
  }

  async caller(user: UserName = 'alice', rttimeUsec: number | 'unlimited' = 200_000): Promise<Caller> {
    const caller = await this.rig.spawnCaller(user);
    this.#callers.push(caller);
    if (rttimeUsec !== 'unlimited') await caller.rttime(rttimeUsec, rttimeUsec);
    return caller;
  }

  /** All threads of all callers, in the order they began. */
  threads(): Look[] {
    const alive = this.#callers.filter(({ pid }) => existsSync(`/proc/${pid}`));
    return looks(alive.flatMap(({ pid }) => tidsOf(pid)));
  }

  clear = (): Promise<unknown> => Promise.all(this.#callers.splice(0).map((caller) => caller.stop()));
  stop = (): Promise<void> => this.rig.stop();
}

function rtkitFlags({ threads = 10_000, processes = 10_000, requests = 1_000_000 }: Limits): string[] {
  const limits = [`--threads-per-user-max=${threads}`, `--processes-per-user-max=${processes}`];
  // On a busy machine it might starve, and refuse everything from then on; and its own limits have it killed.
  return [...limits, `--actions-per-burst-max=${requests}`, '--no-limit-resources', '--no-canary'];
}

function brokerConfig({ threads = 128, processes = 64, requests }: Limits): string {
  const settings = {
    ...patience,
    ...(requests !== undefined && { 'burst.process_requests': requests, 'burst.process_refill_per_sec': 1 }),
    'limits.realtime_threads_per_user_max': threads,
    'limits.high_priority_threads_per_user_max': threads,
    'limits.processes_per_user_max': processes,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
}

/** One side, and alice there, with a thread beside her main one. */
export interface Scene {
  readonly side: Side;
  readonly alice: Caller;
  readonly tid: number;
}

export const scene = async (side: Side): Promise<Scene> => {
  const alice = await side.caller();
  return { side, alice, tid: await alice.thread() };
};

/** What is left of a case: the answer, and how the kernel runs each thread. */
export interface Outcome {
  readonly answer: string;
  readonly threads: string;
}

export type Deed = (scene: Scene) => Promise<Reply>;

export async function outcomeOf(deed: Deed, side: Side): Promise<Outcome> {
  try {
    const reply = await deed(await scene(side));
    return { answer: describeReply(reply), threads: side.threads().map(describeThread).join(', ') };
  } finally {
    await side.clear();
  }
}

/** What the bus says itself has pids in it. */
const ofTheBus = /^(Rejected send message).*$/s;

const describeReply = (reply: Reply): string =>
  reply.ok
    ? `(${reply.type})${reply.type === 'v' ? ` ${JSON.stringify(reply.data)}` : ''}`
    : `${reply.error.replace('org.freedesktop.DBus.Error.', '')}: ${reply.text.replace(/\n$/, '').replace(ofTheBus, '$1')}`;

const describeThread = ({ policy, priority, nice, resetOnFork }: Look): string =>
  [
    policy,
    ...(priority > 0 ? [priority] : []),
    ...(nice !== 0 ? [`nice ${nice}`] : []),
    ...(resetOnFork ? ['reset'] : []),
  ].join(' ');

/** Ours begins as rtkit's does, and may go on with a sentence of our own. */
export const agree = (rtkit: string, broker: string): boolean => broker === rtkit || broker.startsWith(`${rtkit}: `);

export const properties: Face = { ...rtkitFace, interface: 'org.freedesktop.DBus.Properties' };
