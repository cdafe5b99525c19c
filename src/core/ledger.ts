import type { Attributes, Kind, Scheduling } from './scheduling.ts';
import { identityOf, keyOf, keyOfProcess, type Pid, type Process, type Thread, type Uid } from './thread.ts';

/** What was given to one thread, and when. */
export interface Grant {
  readonly thread: Thread;
  readonly scheduling: Scheduling;
  /** What the thread goes back to when it is released. */
  readonly former: Attributes;
  /** The thread's name and the program's path when it was granted: for people, never for judging. */
  readonly comm: string;
  readonly program: string;
  /** CLOCK_REALTIME. */
  readonly grantedAtUsec: bigint;
}

/** What a thread's user and process already have, of one kind. Places held for pending requests count. */
export interface Standing {
  /** This very thread already has a place of this kind: it needs no second one. */
  readonly hasPlace: boolean;
  readonly userThreads: number;
  readonly processThreads: number;
  readonly processes: number;
  readonly knownProcess: boolean;
  readonly users: number;
  readonly knownUser: boolean;
}

export interface Usage {
  readonly processes: number;
  readonly realtimeThreads: number;
  readonly highPriorityThreads: number;
}

/** A place taken while polkit is asked. Its scope gives it back, unless it was kept. */
export interface Hold extends Disposable {
  /** Makes the place the grant's. Whatever the thread had before is thereby replaced. */
  keep(grant: Grant): void;
}

type Counts = Record<Kind, number>;

/** One user's page: how many threads of each kind, and in which processes. */
interface Page {
  readonly threads: Counts;
  readonly processes: Map<string, Counts>;
}

interface Place {
  readonly thread: Thread;
  readonly kind: Kind;
  /** The grant and every pending request of the same thread and kind share one place. */
  holders: number;
}

const none = (): Counts => ({ realtime: 0, 'high-priority': 0 });
const placeKey = (thread: Thread, kind: Kind): string => `${kind}:${keyOf(thread)}`;

/** The book of what is granted. Every question it answers costs the same however much is in it. */
export class Ledger {
  readonly #grants = new Map<string, Grant>();
  /** By who had the pid: nobody is told when it is another's, so there may be several for a while. */
  readonly #ofPid = new Map<Pid, Map<string, Set<Grant>>>();
  readonly #ofUid = new Map<Uid, Set<Grant>>();
  readonly #pages = new Map<Uid, Page>();
  readonly #places = new Map<string, Place>();

  standing(thread: Thread, kind: Kind): Standing {
    const page = this.#pages.get(thread.process.uid);
    const process = page?.processes.get(keyOfProcess(thread.process));
    return {
      hasPlace: this.#places.has(placeKey(thread, kind)),
      userThreads: page?.threads[kind] ?? 0,
      processThreads: process?.[kind] ?? 0,
      processes: page?.processes.size ?? 0,
      knownProcess: process !== undefined,
      users: this.#pages.size,
      knownUser: page !== undefined,
    };
  }

  hold(thread: Thread, kind: Kind): Hold {
    this.#take(thread, kind);
    let held = true;
    return {
      keep: (grant) => {
        this.end(thread);
        this.#enter(grant);
        held = false;
      },
      [Symbol.dispose]: () => {
        if (held) this.#giveUp(thread, kind);
        held = false;
      },
    };
  }

  /** Strikes the thread's grant out. @returns the grant, if there was one */
  end(thread: Thread): Grant | undefined {
    const grant = this.#grants.get(keyOf(thread));
    if (grant === undefined) return undefined;

    this.#grants.delete(keyOf(thread));
    const { process } = grant.thread;
    const ofPid = this.#ofPid.get(process.pid);
    if (ofPid !== undefined) drop(ofPid, identityOf(process), grant);
    if (ofPid?.size === 0) this.#ofPid.delete(process.pid);
    drop(this.#ofUid, process.uid, grant);
    this.#giveUp(grant.thread, grant.scheduling.kind);
    return grant;
  }

  /** How much of his limits a user occupies. */
  usage(uid: Uid): Usage {
    const page = this.#pages.get(uid);
    return {
      processes: page?.processes.size ?? 0,
      realtimeThreads: page?.threads.realtime ?? 0,
      highPriorityThreads: page?.threads['high-priority'] ?? 0,
    };
  }

  find(thread: Thread): Grant | undefined {
    return this.#grants.get(keyOf(thread));
  }

  /** @param uid only this user's grants */
  *grants(uid?: Uid): Iterable<Grant> {
    yield* uid === undefined ? this.#grants.values() : (this.#ofUid.get(uid) ?? []);
  }

  /** Each that has had the pid, and has a grant: usually one. A copy. */
  processesOfPid(pid: Pid): readonly Process[] {
    const ofPid = [...(this.#ofPid.get(pid)?.values() ?? [])];
    return ofPid.flatMap(([grant]) => grant?.thread.process ?? []);
  }

  /** A copy, so that grants may be ended while it is walked. */
  grantsOf(process: Process): readonly Grant[] {
    return [...(this.#ofPid.get(process.pid)?.get(identityOf(process)) ?? [])];
  }

  /** Every process with a grant. A copy. */
  pids(): readonly Pid[] {
    return [...this.#ofPid.keys()];
  }

  get threadCount(): number {
    return this.#grants.size;
  }

  get processCount(): number {
    return this.#ofPid.size;
  }

  get userCount(): number {
    return this.#ofUid.size;
  }

  #enter(grant: Grant): void {
    const { process } = grant.thread;
    this.#grants.set(keyOf(grant.thread), grant);
    const ofPid = this.#ofPid.get(process.pid) ?? new Map<string, Set<Grant>>();
    this.#ofPid.set(process.pid, ofPid);
    add(ofPid, identityOf(process), grant);
    add(this.#ofUid, process.uid, grant);
  }

  #take(thread: Thread, kind: Kind): void {
    const key = placeKey(thread, kind);
    const place = this.#places.get(key);
    if (place !== undefined) {
      place.holders++;
      return;
    }

    this.#places.set(key, { thread, kind, holders: 1 });
    const { uid } = thread.process;
    const page = this.#pages.get(uid) ?? { threads: none(), processes: new Map<string, Counts>() };
    const counts = page.processes.get(keyOfProcess(thread.process)) ?? none();
    this.#pages.set(uid, page);
    page.processes.set(keyOfProcess(thread.process), counts);
    page.threads[kind]++;
    counts[kind]++;
  }

  #giveUp(thread: Thread, kind: Kind): void {
    const key = placeKey(thread, kind);
    const place = this.#places.get(key);
    if (place === undefined) throw new Error(`no ${kind} place is taken for thread ${thread.tid}`);
    if (--place.holders > 0) return;

    this.#places.delete(key);
    const { uid } = place.thread.process;
    const page = this.#pages.get(uid)!;
    const counts = page.processes.get(keyOfProcess(place.thread.process))!;
    page.threads[kind]--;
    counts[kind]--;
    if (counts.realtime + counts['high-priority'] === 0) page.processes.delete(keyOfProcess(place.thread.process));
    if (page.processes.size === 0) this.#pages.delete(uid);
  }
}

function add<Key>(index: Map<Key, Set<Grant>>, key: Key, grant: Grant): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([grant]));
  else set.add(grant);
}

function drop<Key>(index: Map<Key, Set<Grant>>, key: Key, grant: Grant): void {
  const set = index.get(key);
  set?.delete(grant);
  if (set?.size === 0) index.delete(key);
}
