import type { Uid } from '../core/thread.ts';
import { Turns } from '../turns.ts';
import { noSuchThread } from './ids.ts';

/** Whose ids are looked for by what they are called in their own PID namespace: own id to ids of ours. */
export type Found = ReadonlyMap<number, readonly number[]>;

/** So many searches of one user may wait, each of another process. What more he asks is refused: it would cost memory. */
const waitingMax = 16;

/** Entries of /proc that are read in one turn: about a quarter of a millisecond. */
const piece = 32;

interface Line {
  last: Promise<unknown>;
  /** Those that have not begun. */
  readonly waiting: Map<string, Promise<Found>>;
}

/**
 * Searches cost time in proportion to what runs, so only one of each user is under way, and of all users' only one piece
 * is done a turn of the event loop: however many search, others are answered in between, and no user waits for another's
 * line.
 */
export class Searches {
  readonly #turns = new Turns();
  readonly #lines = new Map<Uid, Line>();

  /**
   * Who wants to know the same as one who still waits is answered with him. A search that has begun answers nobody else:
   * it may have passed the place where a new thread stands.
   * @param of what is searched; equal for equal `list` and `nameOf`
   * @param nameOf what an id of ours is called; undefined: not among those that are meant
   * @throws Refused 'no-such-thread' when too many wait
   */
  find<Id extends number>(
    uid: Uid,
    of: string,
    list: () => Promise<readonly Id[]>,
    nameOf: (id: Id) => number | undefined,
  ): Promise<Found> {
    const line = this.#lineOf(uid);
    const waiting = line.waiting.get(of);
    if (waiting !== undefined) return this.#inTurn(uid, waiting);
    if (line.waiting.size >= waitingMax)
      throw noSuchThread(`${waitingMax} searches for ids of your PID namespaces wait already, ask again later`);

    const found = line.last.then(async () => {
      await this.#turns.next(uid);
      line.waiting.delete(of);
      return this.#search(uid, await list(), nameOf);
    });
    line.waiting.set(of, found);
    this.#endLine(uid, line, found);
    return this.#inTurn(uid, found);
  }

  /** What each does with his answer is work as well: hundreds who share one must not go on at once. */
  #inTurn(uid: Uid, found: Promise<Found>): Promise<Found> {
    return found.finally(() => this.#turns.next(uid));
  }

  async #search<Id extends number>(
    uid: Uid,
    ids: readonly Id[],
    nameOf: (id: Id) => number | undefined,
  ): Promise<Found> {
    const found = new Map<number, Id[]>();
    for (let from = 0; from < ids.length; from += piece) {
      await this.#turns.next(uid);
      for (const id of ids.slice(from, from + piece)) {
        const name = nameOf(id);
        if (name === undefined) continue;
        const namesakes = found.get(name);
        if (namesakes === undefined) found.set(name, [id]);
        else namesakes.push(id);
      }
    }
    return found;
  }

  #lineOf(uid: Uid): Line {
    const line = this.#lines.get(uid) ?? { last: Promise.resolve(), waiting: new Map() };
    this.#lines.set(uid, line);
    return line;
  }

  #endLine(uid: Uid, line: Line, found: Promise<Found>): void {
    const ended = found
      .catch(() => {})
      .then(() => {
        if (line.last === ended) this.#lines.delete(uid);
      });
    line.last = ended;
  }

  /** Users who search at present. */
  get size(): number {
    return this.#lines.size;
  }
}
