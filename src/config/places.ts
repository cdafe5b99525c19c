import { parse } from 'smol-toml';

/** Where a key stands and what was written as its value: offsets into the text. */
export interface Place {
  readonly key: number;
  readonly value: number;
  readonly end: number;
}

export const nameOf = (path: readonly string[]): string => JSON.stringify(path);

/** No setting lies deeper than a rule's, ["rule", "0", "user"]: what does is told of by the place of its first names. */
const depth = 3;

/**
 * The parser tells values but not where they stood. This walks over a text it has already accepted, and so may take its
 * correctness for granted; where that is wrong after all it throws, and does not loop.
 * @returns the first place of each table and key, by `nameOf` its path; what is in an array has its index, from 0, for a name
 */
export function locate(text: string): ReadonlyMap<string, Place> {
  const walk = new Walk(text);
  walk.document();
  return walk.places;
}

class Walk {
  readonly places = new Map<string, Place>();
  readonly #text: string;
  /** How many tables each array of tables has so far, by its name. */
  readonly #tables = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    let table: readonly string[] = [];
    for (this.#void(); this.#at < this.#text.length; this.#void()) {
      if (this.#next === '[') table = this.#header();
      else this.#pair(table);
    }
  }

  get #next(): string {
    const next = this.#text[this.#at];
    if (next === undefined) throw new Error('the text ended within a value');
    return next;
  }

  /** `[a.b]` or `[[a.b]]`. */
  #header(): readonly string[] {
    const key = this.#at;
    const brackets = this.#text.startsWith('[[', key) ? 2 : 1;
    this.#at += brackets;
    const names = this.#path(']');
    this.#at += brackets;
    const path = this.#indexed(names, brackets === 2);
    this.#note(path, { key, value: key, end: this.#at });
    return path;
  }

  /** A header names an array of tables where its last table is meant; or, in two brackets, a new one. */
  #indexed(names: readonly string[], opensTable: boolean): readonly string[] {
    let path: readonly string[] = [];
    for (const [index, name] of names.entries()) {
      path = [...path, name];
      const array = nameOf(path);
      const opens = opensTable && index === names.length - 1;
      const count = (this.#tables.get(array) ?? 0) + (opens ? 1 : 0);
      if (opens) this.#tables.set(array, count);
      if (count > 0) path = [...path, `${count - 1}`];
    }
    return path.slice(0, depth);
  }

  /** `a.b = value`. @param table whose pair it is */
  #pair(table: readonly string[]): void {
    const place = { key: this.#at, value: 0, end: 0 };
    const own = this.#path('=');
    this.#at++;
    this.#void();

    const path = [...table, ...own].slice(0, depth);
    this.#note(path, place);
    place.value = this.#at;
    this.#value(path);
    place.end = this.#at;
  }

  #note(path: readonly string[], place: Place): void {
    for (let length = 1; length <= path.length; length++) {
      const name = nameOf(path.slice(0, length));
      if (!this.places.has(name)) this.places.set(name, place);
    }
  }

  /** Finds where the key ends, and lets the parser say what it means: quotes and escapes are its business. */
  #path(end: '=' | ']'): readonly string[] {
    const start = this.#at;
    while (this.#next !== end) {
      if (this.#next === '"' || this.#next === "'") this.#string();
      else this.#at++;
    }

    const path: string[] = [];
    let node: unknown = parse(`${this.#text.slice(start, this.#at)}=0`);
    while (typeof node === 'object' && node !== null && path.length < depth) {
      const [name, below] = Object.entries(node)[0] as [string, unknown];
      path.push(name);
      node = below;
    }
    return path;
  }

  #value(path: readonly string[]): void {
    if (this.#next === '"' || this.#next === "'") this.#string();
    else if (this.#next === '[') this.#array(path);
    else if (this.#next === '{') this.#items('}', () => this.#pair(path));
    else this.#plain();
  }

  #array(path: readonly string[]): void {
    let index = 0;
    this.#items(']', () => {
      const place = { key: this.#at, value: this.#at, end: 0 };
      const own = [...path, `${index++}`].slice(0, depth);
      this.#note(own, place);
      this.#value(own);
      place.end = this.#at;
    });
  }

  #items(end: ']' | '}', item: () => void): void {
    this.#at++;
    for (this.#void(); this.#next !== end; this.#void()) {
      if (this.#next === ',') this.#at++;
      else item();
    }
    this.#at++;
  }

  /** Numbers, booleans, dates: a date may hold a space. */
  #plain(): void {
    const start = this.#at;
    while (this.#at < this.#text.length && !',]}#\r\n'.includes(this.#next)) this.#at++;
    if (this.#at === start) throw new Error(`no value begins with ${this.#next}`);
  }

  #string(): void {
    const quote = this.#next;
    const multiline = this.#text.startsWith(quote.repeat(3), this.#at);
    const close = multiline ? quote.repeat(3) : quote;
    this.#at += close.length;
    while (!this.#text.startsWith(close, this.#at)) this.#at += this.#next === '\\' && quote === '"' ? 2 : 1;
    this.#at += close.length;
    // The last two of five quotes at the end belong to the string.
    while (multiline && this.#text[this.#at] === quote) this.#at++;
  }

  #void(): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next === '#') this.#at = endOfLine(this.#text, this.#at);
      else if (next !== undefined && ' \t\r\n\ufeff'.includes(next)) this.#at++;
      else return;
    }
  }
}

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};
