import type { Pid, Uid } from '../core/thread.ts';
import type { Caller } from '../ports.ts';
import { Refused } from '../refused.ts';
import { BusError } from './bus-error.ts';
import { CallerGone } from './misuse.ts';

type AskDaemon = (
  member: string,
  signature: string,
  body: readonly unknown[],
  expected: 'u',
) => Promise<readonly [number]>;

/** So many callers are remembered, which saves those who ask again a question to the bus daemon. */
const rememberedMax = 1024;

/**
 * Who is behind a unique name, by the bus daemon's word. It says the same for as long as the connection lives: what the
 * kernel told it when it was made. A unique name is never given twice, so an answer never grows wrong; but the pid in it
 * may be another process's by now, which is the process table's to find out.
 */
export class Callers {
  readonly #ask: AskDaemon;
  readonly #known = new Map<string, Promise<Caller>>();

  constructor(ask: AskDaemon) {
    this.#ask = ask;
  }

  /** @throws CallerGone; Refused 'no-such-thread' when the bus does not know his process */
  identify(name: string): Promise<Caller> {
    const known = this.#known.get(name);
    if (known !== undefined) {
      // Whoever goes on asking is not the first to be forgotten.
      this.#known.delete(name);
      this.#known.set(name, known);
      return known;
    }

    const asked = this.#askFor(name);
    this.#known.set(name, asked);
    asked.catch(() => this.#known.delete(name));
    if (this.#known.size > rememberedMax) this.#known.delete(this.#known.keys().next().value ?? '');
    return asked;
  }

  async #askFor(name: string): Promise<Caller> {
    try {
      const [[uid], [pid]] = await Promise.all([
        this.#ask('GetConnectionUnixUser', 's', [name], 'u'),
        this.#ask('GetConnectionUnixProcessID', 's', [name], 'u'),
      ]);
      return { name, uid: uid as Uid, pid: pid as Pid };
    } catch (fault) {
      if (!(fault instanceof BusError)) throw fault;
      if (fault.name === 'org.freedesktop.DBus.Error.NameHasNoOwner') throw new CallerGone(name);
      if (fault.name === 'org.freedesktop.DBus.Error.UnixProcessIdUnknown')
        throw new Refused({ reason: 'no-such-thread', what: `The bus does not know the process behind ${name}` });
      throw fault;
    }
  }
}
