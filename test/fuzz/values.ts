import type { Chance } from '../rig/chance.ts';

const sizes: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, i: 4, u: 4, b: 4, x: 8, t: 8, d: 8 };
const basic = 'ybnqiuxtdsog';

const strings = [
  ...['', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'grüße', '%s%n', '../../etc'],
  ...['RTTimeUSecMax', 'MaxRealtimePriority', 'MinNiceLevel', 'Version', 'ThreadCount', 'Degraded', 'Starved'],
  ...['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1', 'org.freedesktop.DBus.Properties'],
];
const paths = ['/', '/a', '/org/example/RealtimeBroker', '/org/freedesktop/RealtimeKit1', '/__proto__'];
const signatures = ['', 'tu', 'a{sv}', 'aaaaaaay', '(((s)))'];

/** Values of any type, marshalled as D-Bus has it; the same for the same chance. */
export class Values {
  readonly #chance: Chance;
  readonly #ids: readonly number[];
  #parts: Buffer[] = [];
  #length = 0;

  /** @param ids that mean somebody */
  constructor(chance: Chance, ids: readonly number[]) {
    this.#chance = chance;
    this.#ids = ids;
  }

  /** Complete types, as few as none. */
  types(max = 5): string {
    return Array.from({ length: this.#chance.below(max) }, () => this.#type(4)).join('');
  }

  /** A body with this signature. */
  body(signature: string): Buffer {
    this.#parts = [];
    this.#length = 0;
    this.#all(signature);
    return Buffer.concat(this.#parts);
  }

  #type(depth: number): string {
    const kind = depth > 0 ? this.#chance.below(10) : 9;
    if (kind === 0) return `a${this.#type(depth - 1)}`;
    if (kind === 1) return `(${this.#type(depth - 1)}${this.#type(depth - 1)})`;
    if (kind === 2) return `a{${this.#chance.one([...basic])}${this.#type(depth - 1)}}`;
    if (kind === 3) return 'v';
    return this.#chance.one([...basic]);
  }

  #all(signature: string): void {
    for (let at = 0; at < signature.length; ) {
      const end = at + typeLength(signature, at);
      this.#value(signature.slice(at, end));
      at = end;
    }
  }

  #value(type: string): void {
    const kind = type[0]!;
    if (kind === 'a') return this.#array(type.slice(1));
    if (kind === '(' || kind === '{') {
      this.#align(8);
      return this.#all(type.slice(1, -1));
    }
    if (kind === 'v') {
      const inner = this.#type(2);
      this.#put(Buffer.from([inner.length, ...Buffer.from(inner), 0]));
      return this.#value(inner);
    }
    if (kind === 'g') {
      const text = this.#chance.one(signatures);
      return this.#put(Buffer.from([text.length, ...Buffer.from(text), 0]));
    }
    if (kind === 's' || kind === 'o') return this.#string(this.#text(kind));
    this.#number(kind);
  }

  #text(kind: 's' | 'o'): string {
    if (kind === 'o') return this.#chance.one(paths);
    return this.#chance.random() < 0.02 ? 'x'.repeat(this.#chance.below(70_000)) : this.#chance.one(strings);
  }

  #array(element: string): void {
    this.#align(4);
    const length = Buffer.alloc(4);
    this.#put(length);
    this.#align(alignmentOf(element));
    const start = this.#length;
    for (let count = this.#chance.below(4); count > 0; count--) this.#value(element);
    length.writeUInt32LE(this.#length - start);
  }

  #string(text: string): void {
    this.#align(4);
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    this.#put(Buffer.concat([length, bytes, Buffer.alloc(1)]));
  }

  #number(kind: string): void {
    const size = sizes[kind] ?? 4;
    this.#align(size);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(kind === 'b' ? BigInt(this.#chance.below(2)) : this.#integer());
    this.#put(bytes.subarray(0, size));
  }

  /** Of 64 bits, of which a smaller type takes the lower ones. */
  #integer(): bigint {
    const id = BigInt(this.#chance.one(this.#ids));
    const wide = (BigInt(this.#chance.below(2 ** 32)) << 32n) | BigInt(this.#chance.below(2 ** 32));
    const small = BigInt(this.#chance.below(24));
    const edge = this.#chance.one([2n ** 22n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]);
    const nice = BigInt.asUintN(64, BigInt(-this.#chance.below(24)));
    return this.#chance.one([id, id, small, small, nice, edge, wide, id + 2n ** 32n]);
  }

  #align(boundary: number): void {
    this.#put(Buffer.alloc(-this.#length & (boundary - 1)));
  }

  #put(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

function alignmentOf(type: string): number {
  if ('({'.includes(type[0]!)) return 8;
  if ('gv'.includes(type[0]!)) return 1;
  return sizes[type[0]!] ?? 4;
}

/** Of the complete type that begins there. */
export function typeLength(signature: string, at: number): number {
  let end = at;
  while (signature[end] === 'a') end++;
  let open = 0;
  do {
    if ('({'.includes(signature[end] ?? '-')) open++;
    if (')}'.includes(signature[end] ?? '-')) open--;
    end++;
  } while (open > 0);
  return end - at;
}
