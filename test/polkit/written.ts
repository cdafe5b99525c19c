import DBusBuffer from 'dbus-native/lib/dbus-buffer.js';
import { Marshalled } from '../../src/bus/wire.ts';
import { type PolkitBus, questionSignature, type Written } from '../../src/polkit/check.ts';

type Body = readonly unknown[] | Written;

/** A call with its arguments as values, whoever wrote them. */
export type Question = readonly [
  target: Parameters<PolkitBus['call']>[0],
  signature: string,
  values: readonly unknown[],
  expected: string,
  options: { readonly timeoutMsec: number },
];

/** A bus on which nobody is but who answers this. */
export const busOf = (answer: (question: Question) => Promise<readonly unknown[]>): PolkitBus => ({
  write: (signature, values) => Marshalled.of(signature, values),
  call: (target, signature, body, expected, options) => answer([target, signature, valuesOf(body), expected, options]),
});

function valuesOf(body: Body): readonly unknown[] {
  if (!('bytes' in body)) return body;
  const shapes = { plainValues: false, variants: 'wrap', returnBigInt: true };
  return new DBusBuffer(body.bytes, 0, shapes, 0x6c).read(questionSignature).map(unwrapped);
}

/** Variants as they are passed to be written. */
function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== 'object' || value === null) return value;
  const { signature, value: inner } = value as { signature: string; value: unknown };
  return [signature, inner];
}
