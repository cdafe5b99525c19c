import { connectBus } from '../bus/connect.ts';
import type { Connection } from '../bus/connection.ts';
import { matchRule } from '../bus/listeners.ts';
import { Owners } from '../bus/owners.ts';
import type { Values } from '../bus/wire.ts';
import { Complaint, exitStatus } from './complaint.ts';
import { Dictionary } from './dictionary.ts';
import { type GrantRow, readGrant } from './grant.ts';

const name = 'org.example.RealtimeBroker';
const path = '/org/example/RealtimeBroker';

/** Ten thousand grants are 4 MB. */
const bodyMax = 32 * 1024 * 1024;

/** A person reads a dialog of polkit's, and types a password. */
const dialogMsec = 5 * 60_000;

/** A thread by its ids; 0 is a process's main thread. */
export interface ThreadId {
  readonly process: number;
  readonly thread: number;
}

/** What a signal said. The last is the bus's: the broker is gone, or there again. */
export type Event =
  | { readonly signal: 'GrantAdded'; readonly grant: GrantRow }
  | { readonly signal: 'GrantRemoved'; readonly grant: GrantRow; readonly reason: string }
  | ({ readonly signal: 'ThreadDemoted'; readonly reason: string } & ThreadId)
  | ({ readonly signal: 'ThreadRestored' } & ThreadId)
  | { readonly signal: 'Starved'; readonly cpu: number; readonly latenessUsec: number }
  | { readonly signal: 'PropertiesChanged'; readonly changed: Dictionary }
  | { readonly signal: 'NameOwnerChanged'; readonly running: boolean };

/** What Explain answered. */
export interface Verdict {
  readonly granted: boolean;
  readonly reason: string;
  readonly remedy: string;
}

export interface Ear {
  hear(event: Event): void;
  /** Told of a signal that cannot be understood, or of a broker that does not let us subscribe. */
  fault(fault: unknown): void;
}

/** The broker, as seen over the bus. All methods throw BusError, or Complaint when it answers what we do not understand. */
export class RemoteBroker {
  readonly #connection: Connection;
  readonly #interactive: boolean;
  /** Whether the bus may start the broker for a call. */
  autoStart = true;

  private constructor(connection: Connection, interactive: boolean) {
    this.#connection = connection;
    this.#interactive = interactive;
  }

  /**
   * @param interactive somebody sits there whom polkit may ask for a password
   * @throws Complaint when there is no bus
   */
  static async connect(address: string, interactive: boolean): Promise<RemoteBroker> {
    try {
      return new RemoteBroker(await connectBus(address, bodyMax), interactive);
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : String(fault);
      throw new Complaint(exitStatus.unreachable, `${why}. Does the bus run? Name another with --bus.`);
    }
  }

  /** Settles, with why, when the bus is gone. */
  get closed(): Promise<string> {
    return this.#connection.closed;
  }

  close(): void {
    this.#connection.close();
  }

  async properties(): Promise<Dictionary> {
    const target = { destination: name, path, interface: 'org.freedesktop.DBus.Properties', member: 'GetAll' };
    const { autoStart } = this;
    const [properties] = await this.#connection.call(target, 's', [name], 'a{sv}', { autoStart });
    return new Dictionary(properties);
  }

  /** @param of for 'everybody' polkit may ask for a password; without leave one is told one's own all the same */
  async grants(of: 'own' | 'everybody'): Promise<readonly GrantRow[]> {
    const [grants] = await this.#call('ListGrants', '', [], 'aa{sv}', of === 'everybody');
    return (grants as readonly unknown[]).map(readGrant);
  }

  /** The caller's own. */
  async limits(): Promise<Dictionary> {
    const [limits] = await this.#call('GetLimits', '', [], 'a{sv}');
    return new Dictionary(limits);
  }

  /** What has happened since it started. */
  async statistics(): Promise<Dictionary> {
    const [statistics] = await this.#call('GetStatistics', '', [], 'a{sv}');
    return new Dictionary(statistics);
  }

  async makeRealtime(id: ThreadId, priority: number): Promise<void> {
    await this.#call('MakeThreadRealtimeWithPID', 'ttu', [...idsOf(id), priority], '');
  }

  async makeHighPriority(id: ThreadId, nice: number): Promise<void> {
    await this.#call('MakeThreadHighPriorityWithPID', 'tti', [...idsOf(id), nice], '');
  }

  async release(id: ThreadId): Promise<void> {
    await this.#call('ReleaseThread', 'tt', idsOf(id), '');
  }

  async demote(id: ThreadId): Promise<void> {
    await this.#call('DemoteThread', 'tt', idsOf(id), '');
  }

  async demoteAll(): Promise<void> {
    await this.#call('DemoteAll', '', [], '');
  }

  /** Reads the configuration anew; on any error the old one stays. */
  async reload(): Promise<void> {
    await this.#call('Reload', '', [], '');
  }

  /** Whether the thread would be granted this priority now; and if not, why. */
  async explain(id: ThreadId, priority: number): Promise<Verdict> {
    const [granted, reason, remedy] = await this.#call('Explain', 'ttu', [...idsOf(id), priority], 'bss');
    return { granted, reason, remedy };
  }

  /** From now on the ear hears all signals, as far as the broker tells them to us; of a broker that comes later, too. */
  async listen(ear: Ear): Promise<void> {
    let owner: string | undefined;
    let subscribed = false;
    this.#connection.onFault = ear.fault;
    for (const { member, signature, read, interface: from = name } of signals)
      this.#connection.listen({ path, interface: from, member, signature, from: () => owner }, (values) =>
        ear.hear(read(values)),
      );

    // To everybody go these two; the others come to subscribers alone.
    const broadcast = signals.filter(({ member }) => member === 'Starved' || member === 'PropertiesChanged');
    const rules = broadcast.map(({ member, interface: from = name }) =>
      matchRule({ path, interface: from, member }, name),
    );
    await Promise.all(rules.map((rule) => this.#connection.askDaemon('AddMatch', 's', [rule], '')));
    await new Owners(this.#connection).watch(name, (now) => {
      owner = now;
      if (!subscribed) return;
      ear.hear({ signal: 'NameOwnerChanged', running: now !== undefined });
      if (now !== undefined) this.#subscribe().catch(ear.fault);
    });
    await this.#subscribe();
    subscribed = true;
  }

  async #subscribe(): Promise<void> {
    await this.#call('Subscribe', '', [], '');
  }

  #call<Expected extends string>(
    member: string,
    signature: string,
    body: readonly unknown[],
    expected: Expected,
    mayAsk = true,
  ) {
    const target = { destination: name, path, interface: name, member };
    const { autoStart } = this;
    const options = this.#interactive && mayAsk ? { interactive: true, timeoutMsec: dialogMsec } : {};
    return this.#connection.call(target, signature, body, expected, { autoStart, ...options });
  }
}

interface SignalRow {
  readonly member: string;
  readonly signature: string;
  /** Default: the broker's own. */
  readonly interface?: string;
  readonly read: (values: readonly unknown[]) => Event;
}

/** The signature types what is read by it. */
const row = <Signature extends string>(
  member: string,
  signature: Signature,
  read: (values: Values<Signature>) => Event,
  from?: string,
): SignalRow => ({
  member,
  signature,
  read: (values) => read(values as Values<Signature>),
  ...(from !== undefined && { interface: from }),
});

const idsOf = ({ process, thread }: ThreadId): readonly [bigint, bigint] => [BigInt(process), BigInt(thread)];

const ids = (process: bigint, thread: bigint): ThreadId => ({ process: Number(process), thread: Number(thread) });

const signals: readonly SignalRow[] = [
  row('GrantAdded', 'a{sv}', ([grant]) => ({ signal: 'GrantAdded', grant: readGrant(grant) })),
  row('GrantRemoved', 'a{sv}s', ([grant, reason]) => ({
    signal: 'GrantRemoved',
    grant: readGrant(grant),
    reason: String(reason),
  })),
  row('ThreadDemoted', 'tts', ([process, thread, reason]) => ({
    signal: 'ThreadDemoted',
    ...ids(process, thread),
    reason,
  })),
  row('ThreadRestored', 'tt', ([process, thread]) => ({ signal: 'ThreadRestored', ...ids(process, thread) })),
  row('Starved', 'ut', ([cpu, lateness]) => ({ signal: 'Starved', cpu, latenessUsec: Number(lateness) })),
  row(
    'PropertiesChanged',
    'sa{sv}as',
    ([, changed]) => ({ signal: 'PropertiesChanged', changed: new Dictionary(changed) }),
    'org.freedesktop.DBus.Properties',
  ),
];
