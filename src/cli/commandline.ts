import { printable } from '../core/printable.ts';
import { WrongUse } from './complaint.ts';
import type { Asked, Verb } from './verb.ts';
import { type Flag, type Given, parseWords, unknown } from './words.ts';

/** Understood before the verb and behind it. */
export const everywhere: readonly Flag[] = [
  {
    name: 'bus',
    value: 'ADDRESS',
    doc: 'the message bus, as in unix:path=/run/dbus/system_bus_socket (default $DBUS_SYSTEM_BUS_ADDRESS, else the system bus)',
  },
  { name: 'help', short: 'h', doc: 'print help, of a verb if one is named, and exit' },
];

/** Understood before the verb only. */
const beforeVerb: readonly Flag[] = [{ name: 'version', doc: 'print the version of this tool and exit' }];

export const flagsOf = (verb: Verb): readonly Flag[] => [...verb.flags, ...everywhere];
export const flagsAlone: readonly Flag[] = [...everywhere, ...beforeVerb];

export type CommandLine =
  | { readonly deed: 'help'; readonly verb: Verb | undefined }
  | { readonly deed: 'version' }
  | { readonly deed: 'run'; readonly verb: Verb; readonly asked: Asked; readonly bus: string | undefined };

/** @throws WrongUse */
export function parseCommandLine(args: readonly string[], verbs: readonly Verb[]): CommandLine {
  const before = parseWords(args, flagsAlone, true);
  const [word, ...rest] = before.operands;
  if (before.given.has('version')) return { deed: 'version' };
  if (word === undefined) {
    if (before.given.has('help')) return { deed: 'help', verb: undefined };
    throw new WrongUse('name a verb, as in "rtbroker status"');
  }

  const verb = findVerb(word, verbs);
  try {
    const words = parseWords(rest, flagsOf(verb), verb.startsProgram === true);
    const given: Given = new Map([...before.given, ...words.given]);
    if (given.has('help')) return { deed: 'help', verb };
    requireOperands(verb, words.operands);
    return { deed: 'run', verb, asked: { ...words, given, json: given.has('json') }, bus: given.get('bus') };
  } catch (fault) {
    throw inContext(verb, fault);
  }
}

function findVerb(word: string, verbs: readonly Verb[]): Verb {
  const verb = verbs.find(({ name }) => name === word);
  if (verb !== undefined) return verb;
  const names = verbs.map(({ name }) => name);
  throw new WrongUse(unknown('verb', word, names));
}

/** The fault, with whose help may help. */
export const inContext = ({ name }: Verb, fault: unknown): unknown =>
  fault instanceof WrongUse ? new WrongUse(fault.message, name) : fault;

function requireOperands({ name, operands }: Verb, words: readonly string[]): void {
  const needed = operands.filter((operand) => !operand.startsWith('['));
  const missing = needed[words.length];
  if (missing !== undefined) throw new WrongUse(`${name} wants ${missing}`);
  const endless = operands.some((operand) => operand.includes('...'));
  if (words.length > operands.length && !endless)
    throw new WrongUse(
      `${name} takes ${operands.length === 0 ? 'nothing' : operands.join(' ')}: '${printable(words[operands.length]!.slice(0, 80))}' is too much`,
    );
}
