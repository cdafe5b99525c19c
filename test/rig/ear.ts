import { type Caller, type Face, type Heard, ownFace } from './caller.ts';
import { dataOf } from './stage.ts';

const peer: Face = { ...ownFace, interface: 'org.freedesktop.DBus.Peer' };

/** A caller's connection, and all the signals it has been sent. */
export class Ear {
  readonly #caller: Caller;
  readonly #heard: Heard[] = [];

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  static async subscribed(caller: Caller): Promise<Ear> {
    dataOf(await caller.call(ownFace, 'Subscribe'));
    return new Ear(caller);
  }

  /** Until now: what the broker sent before it answers this is there with the answer. */
  async all(interfaceName = ownFace.name): Promise<readonly Heard[]> {
    dataOf(await this.#caller.call(peer, 'Ping'));
    this.#heard.push(...(await this.#caller.signals()));
    return this.#heard.filter((signal) => signal.interface === interfaceName);
  }

  /** The same, each as its member and the thread it is about. */
  async said(): Promise<readonly string[]> {
    return (await this.all()).map(({ member, data }) => `${member} ${threadOf(data)}`);
  }
}

/** The second argument, or in a grant's dictionary. */
export const threadOf = ([first, second]: readonly unknown[]): unknown =>
  typeof first === 'object' ? (first as { Thread: { data: number } }).Thread.data : second;
