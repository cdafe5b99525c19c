import ownXml from '../../dbus/org.example.RealtimeBroker.xml';
import rtkitXml from '../../dbus/org.freedesktop.RealtimeKit1.xml';
import { Encoder, type Field } from '../bus/nasty.ts';
import { Chance } from '../rig/chance.ts';
import { Values } from './values.ts';

/** One message, and what may come of it. */
export interface Message {
  readonly bytes: Buffer;
  /** It is a call that wants a reply. */
  readonly isAnswered: boolean;
  /** The bus itself may find it malformed, and hang up. */
  readonly isRude: boolean;
  /** For people. */
  readonly says: string;
}

const names = ['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1'] as const;
const pathOf = (name: string): string => `/${name.replaceAll('.', '/')}`;

interface Member {
  readonly interface: string;
  readonly name: string;
  /** Of what it takes. */
  readonly signature: string;
}

/** As the description of the interface has them. */
function membersOf(xml: string): Member[] {
  const inInterface = /<interface name="([^"]+)">(.*?)<\/interface>/gs;
  return [...xml.matchAll(inInterface)].flatMap(([, interfaceName = '', text = '']) =>
    [...text.matchAll(/<method name="(\w+)"\s*(?:\/>|>(.*?)<\/method>)/gs)].map(([, name = '', args = '']) => ({
      interface: interfaceName,
      name,
      signature: [...args.matchAll(/<arg [^>]*>/g)]
        .filter(([arg]) => !arg.includes('direction="out"'))
        .map(([arg]) => /type="([^"]+)"/.exec(arg)?.[1] ?? '')
        .join(''),
    })),
  );
}

const standard = ['Properties Get ss', 'Properties GetAll s', 'Properties Set ssv', 'Introspectable Introspect ']
  .concat('Peer Ping ', 'Peer GetMachineId ')
  .map((words): Member => {
    const [face = '', name = '', signature = ''] = words.split(' ');
    return { interface: `org.freedesktop.DBus.${face}`, name, signature };
  });

const members: readonly Member[] = [...membersOf(ownXml), ...membersOf(rtkitXml), ...standard, ...standard];

const odd = {
  paths: ['/', '/org', '/org/example', '/__proto__', `/${'x'.repeat(2000)}`],
  interfaces: ['constructor.prototype', 'a.__proto__', 'org.freedesktop.DBus', `a.${'b'.repeat(250)}`],
  members: ['__proto__', 'constructor', 'toString', 'emit', 'then', 'hasOwnProperty', 'x'.repeat(255)],
};

/** Of a hundred messages so many are such as a bus may hang up for. */
const rudeShare = 0.01;

/** Messages that nobody would send, one by one; the same for the same seed and ids. */
export class Messages {
  readonly #ids: readonly number[];
  readonly #seed: number;

  constructor(seed: number, ids: readonly number[]) {
    this.#seed = seed;
    this.#ids = ids;
  }

  /** @param serial of the message; it does not change anything else */
  message(index: number, serial: number): Message {
    // Each by itself, so that one of a million can be had again without the others.
    const chance = new Chance((Math.imul(this.#seed, 0x9e3779b1) + index) | 0);
    const values = new Values(chance, this.#ids);
    const likely = <Item>(usual: Item, others: readonly Item[], share = 0.85): Item =>
      chance.random() < share ? usual : chance.one(others);

    const member = chance.one(members);
    const own = names.find((name) => name === member.interface) ?? chance.one(names);
    const destination = likely(own, names);
    const path = likely(pathOf(own), [...names.map(pathOf), ...odd.paths]);
    const interfaceName = likely<string | undefined>(member.interface, [undefined, ...names, ...odd.interfaces]);
    const name = likely(member.name, [chance.one(members).name, ...odd.members]);
    const signature = likely(member.signature, [values.types(), member.signature.slice(0, -1), `${member.signature}s`]);
    const body = values.body(isWhole(signature) ? signature : '');
    const type = likely(1, [2, 3, 4, 5, 200], 0.95);
    const flags = likely(0, [1, 2, 4, 255], 0.9);

    const encoder = new Encoder();
    const text = (code: number, kind: string, value: string): Field =>
      encoder.unknown(kind, 4, encoder.string(value), code);
    const carried = isWhole(signature) && signature !== '' ? signature : undefined;
    const fields: Field[] = [
      ...encoder.call(name, path, interfaceName, carried).filter(({ code }) => code !== 7),
      text(6, 's', destination),
      ...(type === 2 || type === 3
        ? [{ code: 5, signature: 'u', value: padded(encoder.uint32(1 + chance.below(99))) }]
        : []),
      ...(type === 3 ? [text(4, 's', 'org.example.Error.Odd')] : []),
      ...(chance.random() < 0.1 ? [text(50 + chance.below(200), 's', 'a field nobody knows')] : []),
    ];
    const whole = encoder.message({ type, flags, serial, fields, body });
    const isSpoiled = chance.random() < rudeShare;
    return {
      bytes: isSpoiled ? spoiled(whole, chance) : whole,
      isAnswered: type === 1 && (flags & 1) === 0,
      // A signal must have an interface.
      isRude: isSpoiled || (type === 4 && interfaceName === undefined),
      says: `type ${type}, flags ${flags}, ${interfaceName}.${name}(${signature}) of ${destination} at ${path}, body ${body.subarray(0, 200).toString('hex')}`,
    };
  }
}

const padded =
  (bytes: Buffer): Field['value'] =>
  (at) =>
    Buffer.concat([Buffer.alloc(-at & 3), bytes]);

/** What is cut off of a signature may not be one any more. */
function isWhole(signature: string): boolean {
  let open = 0;
  for (const letter of signature) open += '({'.includes(letter) ? 1 : ')}'.includes(letter) ? -1 : 0;
  return open === 0 && !signature.endsWith('a');
}

/** A few bits are other ones, behind the lengths: the message still ends where it says. */
function spoiled(whole: Buffer, chance: Chance): Buffer {
  const bytes = Buffer.from(whole);
  for (let flip = chance.below(4); flip >= 0; flip--) {
    const at = 16 + chance.below(bytes.length - 16);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
  }
  return bytes;
}
