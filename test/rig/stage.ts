import { expect, vi } from 'vitest';
import type { BrokerOptions } from './broker.ts';
import { type Caller, ownFace, type Reply } from './caller.ts';
import type { Child, Ending } from './child.ts';
import type { Client } from './client.ts';
import type { Home } from './home.ts';
import { type Look, looks, tidsOf } from './kernel.ts';
import type { Load, Part } from './load.ts';
import { type Rig, type RigOptions, startRig } from './rig.ts';
import type { UserName } from './users.ts';

/** Keys of the configuration, as in 'limits.users_max'. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/** Nobody is to ask too often, but where that is the point. */
export const patience: Settings = {
  'burst.process_requests': 10_000,
  'burst.process_refill_per_sec': 10_000,
  'burst.user_requests': 10_000,
  'burst.user_refill_per_sec': 10_000,
};

/** The daemon's own defaults, where it is the point that somebody may ask so often. */
export const defaultPatience: Settings = {
  'burst.process_requests': 32,
  'burst.process_refill_per_sec': 4,
  'burst.user_requests': 64,
  'burst.user_refill_per_sec': 8,
};

const configOf = (settings: Settings): string =>
  Object.entries({ ...patience, ...settings })
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');

/** What ListGrants or GetAll tells, without the types. */
export type Plain = Readonly<Record<string, unknown>>;

/** What is out, on the broker's word and on the kernel's. */
export interface Snapshot {
  readonly grants: readonly Plain[];
  readonly properties: Plain;
  readonly limits: Plain;
  readonly threads: readonly Look[];
}

/** A rig with a broker, root to look into its books, and callers that go when a test is over. */
export class Stage {
  readonly rig: Rig;
  readonly root: Caller;
  /** The last is the one that runs. */
  readonly #brokers: Child[];
  readonly #settings: Settings;
  readonly #options: BrokerOptions;
  #callers: Caller[] = [];
  #others: { stop(): Promise<unknown> }[] = [];

  private constructor(rig: Rig, broker: Child, settings: Settings, options: BrokerOptions, root: Caller) {
    this.rig = rig;
    this.#brokers = [broker];
    this.#settings = settings;
    this.#options = options;
    this.root = root;
  }

  static async start(settings: Settings = {}, rigOptions: RigOptions = {}, broker: BrokerOptions = {}): Promise<Stage> {
    const rig = await startRig(rigOptions);
    try {
      const daemon = await rig.startBroker({ ...broker, config: configOf(settings) });
      return new Stage(rig, daemon, settings, broker, await rig.spawnCaller('root'));
    } catch (fault) {
      await rig.stop();
      throw fault;
    }
  }

  get broker(): Child {
    return this.#brokers.at(-1)!;
  }

  /**
   * Ends the broker so, and starts the next one where it was.
   * @param between is done while there is none
   * @param settings of the next one, beside those there were
   * @returns how it ended
   */
  async restart(
    signal: NodeJS.Signals,
    between: () => Promise<unknown> = async () => {},
    settings: Settings = {},
  ): Promise<Ending> {
    this.broker.signal(signal);
    const ending = await this.broker.exited;
    await between();
    this.#brokers.push(
      await this.rig.startBroker({ ...this.#options, config: configOf({ ...this.#settings, ...settings }) }),
    );
    return ending;
  }

  /** One whose RLIMIT_RTTIME is as it should be. */
  async caller(user: UserName = 'alice', rttimeUsec: number | 'unlimited' = 200_000): Promise<Caller> {
    const caller = await this.rig.spawnCaller(user);
    this.#callers.push(caller);
    if (rttimeUsec !== 'unlimited') await caller.rttime(rttimeUsec, rttimeUsec);
    return caller;
  }

  /** Threads that burn when they are told to, for `limitMsec` at most, as many as there are parts. */
  async load(parts: readonly Part[], user: UserName = 'alice', limitMsec = 10_000): Promise<Load> {
    const load = await this.rig.spawnLoad(limitMsec, parts, user);
    this.#others.push(load);
    return load;
  }

  /** One of those test/fixtures/clients knows how to play. */
  async client(name: string, user: UserName = 'alice'): Promise<Client> {
    const client = await this.rig.startClient(name, user);
    this.#others.push(client);
    return client;
  }

  /** Any program of the machine, run by the user of that home. */
  async program(home: Home, ...command: string[]): Promise<Child> {
    const program = await this.rig.startProgram(home, ...command);
    this.#others.push(program);
    return program;
  }

  /** Ends callers, loads, clients and programs; resolves when the broker has noticed. */
  async clear(): Promise<void> {
    const guests = [...this.#callers.splice(0), ...this.#others.splice(0)];
    await Promise.all(guests.map((guest) => guest.stop()));
    await vi.waitFor(async () => expect(await this.property('ThreadCount')).toBe(0), { interval: 2, timeout: 5000 });
  }

  /** What the broker itself takes for a fault of its own. */
  get faults(): string[] {
    return this.#brokers.flatMap(({ lines }) => lines).filter((line) => /^error:|^ +at /.test(line));
  }

  async stop(): Promise<void> {
    await this.rig.stop();
    expect(this.faults).toEqual([]);
  }

  /** What the journal says of this thread, line by line. */
  journalOf(tid: number): string[] {
    return this.#brokers.flatMap(({ lines }) => lines).filter((line) => line.includes(` RTBROKER_TID=${tid} `));
  }

  /** As that caller may see them. CPU time, which runs on, is left out. */
  async grants(by: Caller = this.root): Promise<Plain[]> {
    const [grants] = dataOf(await by.call(ownFace, 'ListGrants')) as [Record<string, unknown>[]];
    return grants.map(plain).map(({ CpuUSec: _, ...grant }) => grant);
  }

  async limits(by: Caller): Promise<Plain> {
    return plain(dataOf(await by.call(ownFace, 'GetLimits'))[0]);
  }

  async properties(): Promise<Plain> {
    return plain(dataOf(await this.root.call(properties, 'GetAll', 's', ownFace.name))[0]);
  }

  async property(name: string): Promise<unknown> {
    return (await this.properties())[name];
  }

  /** Everything a refusal must leave as it is, for the user of `by` and the threads of all callers. */
  async snapshot(by: Caller): Promise<Snapshot> {
    const { BurstRequestsLeft: _, ...limits } = await this.limits(by);
    const { Degraded: __, ...properties } = await this.properties();
    const processes = [...this.#callers, this.root];
    return {
      grants: await this.grants(),
      properties,
      limits,
      threads: looks(processes.flatMap(({ pid }) => tidsOf(pid))),
    };
  }
}

const properties = { ...ownFace, interface: 'org.freedesktop.DBus.Properties' };

/** @throws unless it went well */
export function dataOf(reply: Reply): readonly unknown[] {
  if (!reply.ok) throw new Error(`${reply.error}: ${reply.text}`);
  return reply.data;
}

export const plain = (shown: unknown): Plain =>
  Object.fromEntries(Object.entries(shown as Record<string, { data: unknown }>).map(([key, { data }]) => [key, data]));
