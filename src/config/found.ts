import { describeOrigin, type Origin, type Problem } from './error.ts';
import type { Value } from './fit.ts';
import { type Key, keys, type ValueOf } from './keys.ts';
import type { Source } from './source.ts';

interface Setting {
  readonly value: Value;
  readonly source: Source;
  readonly path: readonly string[];
}

/** What the files say, key by key: what is read later replaces what was read before. */
export class Found {
  readonly #settings = new Map<Key, Setting>();
  readonly #refused = new Set<Key>();

  set(key: Key, value: Value, source: Source): void {
    this.#settings.set(key, { value, source, path: key.split('.') });
  }

  /** Something is written there that cannot be: what it would be is unknown. */
  refuse(key: Key): void {
    this.#refused.add(key);
  }

  /** The one has the value of the other, if that is written anywhere. */
  follow(key: Key, other: Key): void {
    const setting = this.#settings.get(other);
    if (setting !== undefined) this.#settings.set(key, setting);
  }

  isRefused(key: Key): boolean {
    return this.#refused.has(key);
  }

  /** Whether it is written anywhere: else it is the default. */
  has(key: Key): boolean {
    return this.#settings.has(key);
  }

  value<K extends Key>(key: K): ValueOf<K> {
    return (this.#settings.get(key)?.value ?? keys[key].default) as ValueOf<K>;
  }

  /** Undefined: it is the default. */
  origin(key: Key): Origin | undefined {
    const setting = this.#settings.get(key);
    return setting?.source.origin(setting.path);
  }

  /** "limits.users_max, which is 7 (FILE:LINE)". */
  describe(key: Key): string {
    const origin = this.origin(key);
    return `${key}, which is ${this.value(key)}${origin === undefined ? '' : ` (${describeOrigin(origin)})`}`;
  }

  /** A problem with what is written there. */
  problem(key: Key, text: string): Problem {
    const setting = this.#settings.get(key);
    return setting?.source.problem(setting.path, text) ?? { file: 'default', text };
  }
}
