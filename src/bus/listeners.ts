import type { Frame } from './frames.ts';
import { readBody, type Values } from './wire.ts';

/** A signal of an object. */
export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

/** A signal somebody here wants to hear. */
export interface Wanted<Signature extends string = string> extends Signal {
  readonly signature: Signature;
  /** Whose it must be: "org.freedesktop.DBus" or a unique name; undefined: at present nobody's. */
  readonly from: () => string | undefined;
}

interface Listener {
  readonly wanted: Wanted;
  readonly hear: (signal: Frame) => void;
}

/**
 * Who listens to which signals. A match rule says what the bus shall send us and guards nothing: anybody may send us any
 * signal directly. So who sent it, and its signature, are compared before its body is read.
 */
export class Listeners {
  readonly #listeners: Listener[] = [];

  add<Signature extends string>(wanted: Wanted<Signature>, heard: (values: Values<Signature>) => void): void {
    this.#listeners.push({ wanted, hear: (signal) => heard(readBody(signal, wanted.signature)) });
  }

  hear(signal: Frame): void {
    for (const { wanted, hear } of this.#listeners) if (isWanted(signal, wanted)) hear(signal);
  }
}

function isWanted({ fields, body }: Frame, wanted: Wanted): boolean {
  return (
    body !== undefined &&
    fields.sender !== undefined &&
    fields.sender === wanted.from() &&
    fields.member === wanted.member &&
    fields.interface === wanted.interface &&
    fields.path === wanted.path &&
    (fields.signature ?? '') === wanted.signature
  );
}

/** What tells the bus to send us a signal. D-Bus specification, "Match Rules". @param arg0 a bus name, the first argument */
export function matchRule(signal: Signal, sender: string, arg0?: string): string {
  const { path, interface: interfaceName, member } = signal;
  const rule = `type='signal',sender='${sender}',path='${path}',interface='${interfaceName}',member='${member}'`;
  return arg0 === undefined ? rule : `${rule},arg0='${arg0}'`;
}
