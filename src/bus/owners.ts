import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';
import { matchRule } from './listeners.ts';

/** Told who owns a name: a unique name, or undefined for nobody. */
type OnOwner = (owner: string | undefined) => unknown;

interface Watch {
  readonly onOwner: OnOwner;
  changed: boolean;
}

const daemon = 'org.freedesktop.DBus';
const nameOwnerChanged = { path: '/org/freedesktop/DBus', interface: daemon, member: 'NameOwnerChanged' };

/**
 * Who owns a name, and who does next, by the bus daemon's word alone. Each name has a match rule of its own: the coming
 * and going of all others wakes nobody here.
 */
export class Owners {
  readonly #connection: Pick<Connection, 'askDaemon' | 'listen'>;
  readonly #watches = new Map<string, Watch>();

  constructor(connection: Pick<Connection, 'askDaemon' | 'listen'>) {
    this.#connection = connection;
    const wanted = { ...nameOwnerChanged, signature: 'sss', from: () => daemon } as const;
    connection.listen(wanted, ([name, , owner]) => this.#change(name, owner === '' ? undefined : owner));
  }

  /** Tells who owns the name now, and then whenever that changes. @throws BusError */
  async watch(name: string, onOwner: OnOwner): Promise<void> {
    const watch = { onOwner, changed: false };
    this.#watches.set(name, watch);
    try {
      // In this order on the wire, so that nothing falls between.
      const [, owner] = await Promise.all([this.#match('AddMatch', name), this.#ownerOf(name)]);
      // A change may be read together with the answer before it, and is told at once, while promises take their turn.
      if (!watch.changed && this.#watches.get(name) === watch) onOwner(owner);
    } catch (fault) {
      if (this.#watches.get(name) === watch) this.unwatch(name);
      throw fault;
    }
  }

  unwatch(name: string): void {
    if (!this.#watches.delete(name)) return;
    // Without the rule, or without the bus, all is as it should be.
    this.#match('RemoveMatch', name).catch(() => {});
  }

  #change(name: string, owner: string | undefined): void {
    const watch = this.#watches.get(name);
    if (watch === undefined) return;
    watch.changed = true;
    watch.onOwner(owner);
  }

  #match(member: 'AddMatch' | 'RemoveMatch', name: string): Promise<unknown> {
    return this.#connection.askDaemon(member, 's', [matchRule(nameOwnerChanged, daemon, name)], '');
  }

  async #ownerOf(name: string): Promise<string | undefined> {
    try {
      const [owner] = await this.#connection.askDaemon('GetNameOwner', 's', [name], 's');
      return owner;
    } catch (fault) {
      if (fault instanceof BusError && fault.name === `${daemon}.Error.NameHasNoOwner`) return undefined;
      throw fault;
    }
  }
}
