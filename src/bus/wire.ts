import DBusBuffer from 'dbus-native/lib/dbus-buffer.js';
import marshall from 'dbus-native/lib/marshall.js';
import type { Frame } from './frames.ts';
import { withHeader } from './header.ts';

/** D-Bus types as they are here; specification, "Type System". */
export interface Wire {
  y: number;
  b: boolean;
  n: number;
  q: number;
  i: number;
  u: number;
  x: bigint;
  t: bigint;
  d: number;
  s: string;
  o: string;
  g: string;
}

/** The values a signature stands for. Containers are for the reader to look into. */
export type Values<Signature extends string> = Signature extends ''
  ? readonly []
  : Signature extends `${infer First extends keyof Wire}${infer Rest}`
    ? readonly [Wire[First], ...Values<Rest>]
    : readonly unknown[];

/** A value with its type, as a variant is written. */
export type Variant = readonly [signature: string, value: unknown];
export type Dictionary = readonly (readonly [key: string, value: Variant])[];

export const messageTypes = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const messageFlags = { noReplyExpected: 1, noAutoStart: 2, allowInteractiveAuthorization: 4 } as const;

export interface Outgoing {
  readonly type: number;
  readonly serial: number;
  readonly flags?: number;
  readonly destination?: string;
  /** Written by bus daemons only. */
  readonly sender?: string;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly signature?: string;
  readonly body?: Body | undefined;
}

export type Body = readonly unknown[] | Marshalled;

const nothing = Buffer.alloc(0);

/** A body that is written already. */
export class Marshalled {
  constructor(readonly bytes: Buffer) {}

  static of(signature: string, values: readonly unknown[]): Marshalled {
    return new Marshalled(signature === '' ? nothing : marshall(signature, values));
  }
}

export function marshal({ body = [], ...header }: Outgoing): Buffer {
  const { bytes } = 'bytes' in body ? body : Marshalled.of(header.signature ?? '', body);
  return withHeader(header, bytes);
}

/** Dictionaries stay pairs: as keys of an object a stranger's '__proto__' would mean something. */
const shapes = { plainValues: false, variants: 'plain', returnBigInt: true };

/**
 * The first values of a body: of these types, which its own signature must begin with. What follows is not looked at.
 * @throws Error when the body does not hold what its signature promises (not every bus daemon looks)
 */
export function readBody<Signature extends string>(frame: Frame, signature: Signature): Values<Signature> {
  const body = new DBusBuffer(frame.body ?? Buffer.alloc(0), 0, shapes, frame.littleEndian ? 0x6c : 0x42);
  return body.read(signature) as unknown as Values<Signature>;
}
