import { nearest } from '../core/nearest.ts';
import { printable } from '../core/printable.ts';
import { WrongUse } from './complaint.ts';

/** A flag, as the parser, the help, the completion and the manual know it. */
export interface Flag {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** What its value is called, as in "--user USER"; undefined: it has none. */
  readonly value?: string;
  readonly doc: string;
}

/** Flags that were given, by their names; those without a value have ''. */
export type Given = ReadonlyMap<string, string>;

export interface Words {
  readonly given: Given;
  /** What is no flag, in order. */
  readonly operands: readonly string[];
}

/**
 * Tells flags from operands: --name VALUE, --name=VALUE, -n VALUE, -nVALUE. Everything behind "--" is an operand.
 * @param untilOperand everything from the first operand on is one, too
 * @throws WrongUse
 */
export function parseWords(words: readonly string[], flags: readonly Flag[], untilOperand: boolean): Words {
  const given = new Map<string, string>();
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') return { given, operands: [...operands, ...words.slice(at + 1)] };
    if (!isFlag(word)) {
      if (untilOperand) return { given, operands: words.slice(at) };
      operands.push(word);
      continue;
    }

    const { flag, attached } = findFlag(word, flags);
    if (flag.value === undefined && attached !== undefined) throw new WrongUse(`--${flag.name} takes no value`);
    const value = flag.value === undefined ? '' : (attached ?? words[++at]);
    if (value === undefined) throw new WrongUse(`--${flag.name} wants a value: --${flag.name} ${flag.value}`);
    given.set(flag.name, value);
  }
  return { given, operands };
}

/** "-" is a word like others, and so is a negative number. */
const isFlag = (word: string): boolean => /^-[^\d]/s.test(word);

function findFlag(word: string, flags: readonly Flag[]): { readonly flag: Flag; readonly attached?: string } {
  const long = /^--([^=]*)(?:=(.*))?$/s.exec(word);
  const flag = long
    ? flags.find(({ name }) => name === long[1])
    : flags.find(({ short }) => short !== undefined && word[1] === short);
  if (flag === undefined) throw new WrongUse(unknown('flag', long ? `--${long[1]}` : word, longNames(flags)));
  const attached = long ? long[2] : word.slice(2) || undefined;
  return { flag, ...(attached !== undefined && { attached }) };
}

const longNames = (flags: readonly Flag[]): string[] => flags.map(({ name }) => `--${name}`);

/** "There is no verb 'lst'. Did you mean 'list'?" */
export function unknown(what: string, word: string, candidates: readonly string[]): string {
  const plain = (candidate: string) => candidate.replace(/^--/, '');
  const slip = nearest(plain(word), candidates.map(plain));
  const meant =
    candidates.find((candidate) => plain(candidate) === slip) ??
    candidates.find((candidate) => word.length > 0 && candidate.startsWith(word));
  const guess = meant === undefined ? '' : ` Did you mean '${meant}'?`;
  return `there is no ${what} '${printable(word.slice(0, 80))}'.${guess}`;
}
