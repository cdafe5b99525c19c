import { type Argument, type Face, ownFace, rtkitFace } from './caller.ts';
import { Chance } from './chance.ts';

/** A call as nobody would make it. */
export interface Nonsense {
  readonly face: Face;
  readonly member: string;
  readonly signature: string;
  readonly args: readonly Argument[];
}

/** Calls that the bus lets through and that mean little; the same for the same seed. */
export class Nonsensical {
  readonly #chance: Chance;
  readonly #tids: readonly number[];

  /** @param tids ids that mean somebody now and then */
  constructor(seed: number, tids: readonly number[]) {
    this.#chance = new Chance(seed);
    this.#tids = tids;
  }

  next(): Nonsense {
    const face = this.#chance.one([ownFace, rtkitFace]);
    const path = this.#likely(face.path, [ownFace.path, rtkitFace.path, '/', '/org', '/org/example', '/__proto__']);
    const [known, table] = this.#likely([face.name, make] as const, Object.entries(standard));
    const interfaceName = this.#likely<string | undefined>(known, [undefined, face.name, ...odd.interfaces]);
    const [member, takes] = this.#likely(
      this.#chance.one(Object.entries(table)),
      odd.members.map((name) => [name, '']),
    );
    const signature = this.#likely(takes, [this.#types(), takes + this.#type(2), takes.slice(1), takes.slice(0, -1)]);
    return { face: { ...face, path, interface: interfaceName }, member, signature, args: this.#values(signature) };
  }

  /** Mostly the first, else one of the others. */
  #likely<Item>(usual: Item, others: readonly Item[]): Item {
    return this.#chance.random() < 0.8 ? usual : this.#chance.one(others);
  }

  #types(): string {
    return Array.from({ length: this.#chance.below(5) }, () => this.#type(3)).join('');
  }

  #type(depth: number): string {
    const container = depth > 0 ? this.#chance.one(['a', '(', '{', '', '', '']) : '';
    if (container === 'a') return `a${this.#type(depth - 1)}`;
    if (container === '(') return `(${this.#type(depth - 1)}${this.#type(depth - 1)})`;
    if (container === '{') return `a{${this.#chance.one([...basic])}${this.#type(depth - 1)}}`;
    return this.#chance.one([...basic, 'v']);
  }

  #values(signature: string): Argument[] {
    return split(signature).flatMap((type) => this.#value(type));
  }

  #value(type: string): Argument[] {
    if (type === 'ay') return [this.#chance.below(50)];
    if (type.startsWith('a')) {
      const length = this.#chance.below(4);
      return [length, ...Array.from({ length }, () => this.#value(type.slice(1))).flat()];
    }
    if (/^[({]/.test(type)) return this.#values(type.slice(1, -1));
    if (type === 'v') {
      const inner = this.#type(1);
      return [inner, ...this.#values(inner)];
    }
    return [this.#basic(type)];
  }

  #basic(type: string): Argument {
    if (type === 's') return this.#chance.one(odd.strings);
    if (type === 'o') return this.#chance.one(['/', '/a', ownFace.path]);
    if (type === 'g') return this.#chance.one(["''", 'a{sv}', 'tu']);
    if (type === 'b') return this.#chance.below(2);
    const bits = { y: 8, n: 16, q: 16, i: 32, u: 32, x: 64, t: 64 }[type] ?? 16;
    const wide = (BigInt(this.#chance.below(2 ** 32)) << 32n) | BigInt(this.#chance.below(2 ** 32));
    const numbers = [0n, 1n, 5n, 20n, 21n, 100n, ...this.#tids.map(BigInt), wide, 2n ** 64n - 1n];
    const number = BigInt.asUintN(bits, this.#chance.one(numbers));
    return 'nix'.includes(type) ? BigInt.asIntN(bits, number) : number;
  }
}

const basic = 'ybnqiuxtdsog';

const make = {
  MakeThreadRealtime: 'tu',
  MakeThreadRealtimeWithPID: 'ttu',
  MakeThreadHighPriority: 'ti',
  MakeThreadHighPriorityWithPID: 'tti',
  ListGrants: '',
  GetLimits: '',
};

const standard: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'org.freedesktop.DBus.Properties': { Get: 'ss', GetAll: 's', Set: 'ssv' },
  'org.freedesktop.DBus.Introspectable': { Introspect: '' },
  'org.freedesktop.DBus.Peer': { Ping: '', GetMachineId: '' },
};

const odd = {
  interfaces: ['constructor.prototype', 'a.__proto__', 'org.freedesktop.DBus', `a.${'b'.repeat(250)}`],
  members: ['__proto__', 'constructor', 'toString', 'emit', 'then', 'PropertiesChanged', 'x'.repeat(255)],
  strings: ["''", '__proto__', 'constructor', 'ThreadCount', ownFace.name, rtkitFace.name, 'grüße', '%s%n', '*3000'],
};

/** Into complete types. */
function split(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    let end = at;
    while (signature[end] === 'a') end++;
    let open = 0;
    do {
      if ('({'.includes(signature[end] ?? '-')) open++;
      if (')}'.includes(signature[end] ?? '-')) open--;
      end++;
    } while (open > 0);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}
