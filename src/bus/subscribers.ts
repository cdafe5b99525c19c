import type { Uid } from '../core/thread.ts';
import type { Caller, Reach } from '../ports.ts';
import { Misuse } from './misuse.ts';
import type { Owners } from './owners.ts';

/** Each costs a match rule at the bus, which allows 512 a connection, and a message whenever there is news for it. */
const perUserMax = 16;
const max = 256;

interface Subscription {
  readonly uid: Uid;
  reach: Reach;
  readonly watched: Promise<void>;
}

/** The connections that want to hear what becomes of grants, each for as long as it lives. */
export class Subscribers {
  readonly #owners: Pick<Owners, 'watch' | 'unwatch'>;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(owners: Pick<Owners, 'watch' | 'unwatch'>) {
    this.#owners = owners;
  }

  /** Twice is once, with the reach of the second time. @throws Misuse 'LimitsExceeded' */
  add({ name, uid }: Caller, reach: Reach): Promise<void> {
    const known = this.#subscriptions.get(name);
    if (known !== undefined) {
      known.reach = reach;
      return known.watched;
    }

    this.#requirePlace(uid);
    // Who has gone already is told to have gone, too.
    const watched = this.#owners.watch(name, (owner) => owner === undefined && this.remove(name));
    const subscription = { uid, reach, watched };
    this.#subscriptions.set(name, subscription);
    watched.catch(() => this.#subscriptions.get(name) === subscription && this.#subscriptions.delete(name));
    return watched;
  }

  remove(name: string): void {
    if (this.#subscriptions.delete(name)) this.#owners.unwatch(name);
  }

  /** Whom a grant of this user concerns: his own connections, and those of whoever may look at everybody's. */
  concerned(uid: Uid): readonly string[] {
    const names: string[] = [];
    for (const [name, subscription] of this.#subscriptions)
      if (subscription.uid === uid || subscription.reach === 'anyone') names.push(name);
    return names;
  }

  /** However many users fill all places together, they must not keep root from looking. */
  #requirePlace(uid: Uid): void {
    const own = [...this.#subscriptions.values()].filter((subscription) => subscription.uid === uid).length;
    if (own >= perUserMax) throw full(`${perUserMax} connections of this user subscribe already`);
    if (uid !== 0 && this.#subscriptions.size >= max) throw full(`${max} connections subscribe already`);
  }
}

const full = (what: string) => new Misuse('LimitsExceeded', `${what}. Unsubscribe one before subscribing another.`);
