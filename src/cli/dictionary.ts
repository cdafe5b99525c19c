import { Complaint, exitStatus, otherVersion } from './complaint.ts';

/** An a{sv} of the broker's. It may be another version's: what is missing is missed only by who needs it. */
export class Dictionary {
  readonly #values: ReadonlyMap<string, unknown>;

  /** @throws Complaint when it is none */
  constructor(pairs: unknown) {
    if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && typeof pair[0] === 'string'))
      throw new Complaint(exitStatus.refused, otherVersion);
    this.#values = new Map(pairs as [string, unknown][]);
  }

  get keys(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** @throws Complaint unless there is such a number; ids, times and counts of ours all fit one */
  number(key: string): number {
    return this.maybeNumber(key) ?? missing(key);
  }

  maybeNumber(key: string): number | undefined {
    const value = this.#values.get(key);
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
  }

  /** @throws Complaint */
  text(key: string): string {
    return this.maybeText(key) ?? missing(key);
  }

  maybeText(key: string): string | undefined {
    const value = this.#values.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  flag(key: string): boolean {
    return this.#values.get(key) === true;
  }

  words(key: string): readonly string[] {
    const value = this.#values.get(key);
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** @throws Complaint */
  numbers(key: string): readonly number[] {
    const value = this.#values.get(key);
    return Array.isArray(value) ? value.map(Number) : missing(key);
  }

  /** An a{st}: words, and how often. @throws Complaint */
  counts(key: string): readonly (readonly [word: string, count: number])[] {
    const counts = new Dictionary(this.#values.get(key));
    return counts.keys.map((word) => [word, counts.number(word)]);
  }

  value(key: string): unknown {
    return this.#values.get(key);
  }
}

const missing = (key: string): never => {
  throw new Complaint(exitStatus.refused, `${otherVersion} It did not tell '${key}'.`);
};
