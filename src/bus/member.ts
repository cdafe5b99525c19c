import type { Caller, Patience } from '../ports.ts';
import type { Body, Marshalled, Values } from './wire.ts';

/** What a deed may know of its call beside the arguments. */
export interface Asked {
  readonly path: string;
  /** 'interactive' if the message allows that a person is asked for a password; else 'usual'. */
  readonly patience: Patience;
  /** Who calls, by the bus daemon's word. Costs a question to it: what anybody may know should not ask. */
  caller(): Promise<Caller>;
}

type Deed = (values: readonly unknown[], asked: Asked) => Body | Promise<Body>;

/** One member of an interface: a row of its table. */
export interface Member {
  readonly name: string;
  /** D-Bus signatures of its arguments and of its answer. */
  readonly takes: string;
  readonly gives: string;
  readonly deed: Deed;
}

/** A row whose signatures type its arguments and its answer, so that row and code cannot disagree. */
export function member<In extends string, Out extends string>(
  name: string,
  signatures: readonly [takes: In, gives: Out],
  deed: (values: Values<In>, asked: Asked) => Values<Out> | Marshalled | Promise<Values<Out> | Marshalled>,
): Member {
  const [takes, gives] = signatures;
  // The dispatcher compares signatures before it reads arguments by them.
  return { name, takes, gives, deed: deed as unknown as Deed };
}

/** One signal of an interface: a row of its table. */
export interface SignalRow<Signature extends string = string> {
  readonly name: string;
  readonly signature: Signature;
}

/** One property: never waits, and is the same for everyone. */
export interface Property {
  readonly name: string;
  readonly signature: string;
  readonly read: () => unknown;
}
