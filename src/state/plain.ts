/** A value of JSON that is not what it should be. */
export class Unfit extends Error {}

/** An object of JSON, looked into member by member. @throws Unfit, as do its methods */
export class Plain {
  readonly #members: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw new Unfit(`${JSON.stringify(value)} is no object`);
    this.#members = new Map(Object.entries(value));
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#members.get(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw this.#unfit(name, `a whole number from ${min} to ${max}`);
  }

  /** Finite, and not below 0. */
  number(name: string): number {
    const value = this.#members.get(name);
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw this.#unfit(name, 'a number');
  }

  /** JSON has none that are exact: they are written as their digits. */
  bigint(name: string): bigint {
    const value = this.#members.get(name);
    if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
    throw this.#unfit(name, 'a string of digits');
  }

  boolean(name: string): boolean {
    const value = this.#members.get(name);
    if (typeof value === 'boolean') return value;
    throw this.#unfit(name, 'true or false');
  }

  text(name: string): string {
    const value = this.#members.get(name);
    if (typeof value === 'string') return value;
    throw this.#unfit(name, 'a string');
  }

  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const value = this.#members.get(name);
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    throw this.#unfit(name, `one of ${words.join(', ')}`);
  }

  object(name: string): Plain {
    return new Plain(this.#members.get(name));
  }

  #unfit(name: string, expected: string): Unfit {
    return new Unfit(`${name} is ${JSON.stringify(this.#members.get(name))}, not ${expected}`);
  }
}
