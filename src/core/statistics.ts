/** How often each of a few words was said. The words are ours, so there are no more than the code has. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(word: string): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
  }

  /** In the order of the alphabet. */
  get counts(): readonly (readonly [word: string, count: number])[] {
    return [...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1));
  }
}

/** What has happened since the broker started. */
export class Statistics {
  /** CLOCK_REALTIME. */
  readonly sinceUsec: bigint;
  /** Requests that were granted, by what was asked for. */
  readonly grants = new Tally();
  /** Requests that were refused, by the refusal. */
  readonly refusals = new Tally();
  /** Grants that are over, by why. */
  readonly removals = new Tally();
  /** Threads that were demoted for a while, by why, and those that have their grant back. */
  readonly demotions = new Tally();
  restorations = 0;
  /** Threads that were told of because they ran otherwise than granted, by how they came to. */
  readonly drifts = new Tally();
  /** How often a CPU began to starve. */
  starvations = 0;

  constructor(sinceUsec: bigint) {
    this.sinceUsec = sinceUsec;
  }
}

/** How late the canaries have been since the start. */
export interface Lateness {
  /** How often they cheeped, in each of the classes of latenessBoundsUsec. */
  readonly classes: readonly bigint[];
  /** How late they were together. */
  readonly sumUsec: bigint;
}

/** Upper bounds, in µs, of the classes in which the lateness of canaries is counted; one more class is open. */
export const latenessBoundsUsec: readonly number[] = Array.from({ length: 11 }, (_, power) => 1000 * 2 ** power);

export const neverLate: Lateness = { classes: [...latenessBoundsUsec, 0].map(() => 0n), sumUsec: 0n };
