import type { TomlValue } from 'smol-toml';
import type { RuleCondition } from './keys.ts';
import { idMax, type Names } from './names.ts';

/** What a rule asks of a process: as it is written, and what that means. */
export interface Condition {
  readonly written: string | number;
  /** A path, a unit, or an id; undefined: nobody has that name. */
  readonly meant: string | number | undefined;
}

/** Undefined when it is none that may be written there. */
export function conditionOf(name: RuleCondition, value: TomlValue, names: Names): Condition | undefined {
  switch (name) {
    case 'user':
    case 'group':
      return idOf(name, value, names);
    case 'executable':
      return matching(value, isPath);
    case 'unit':
      return matching(value, isUnit);
    case 'slice':
      return matching(value, isSlice);
    case 'user_unit':
      return matching(value, (text) => isUnit(text) || isSlice(text));
  }
}

function idOf(of: 'user' | 'group', value: TomlValue, names: Names): Condition | undefined {
  if (typeof value === 'bigint')
    return value >= 0n && value < idMax ? { written: Number(value), meant: Number(value) } : undefined;
  // Digits in quotes may be meant as either: whoever writes them is to say which.
  return typeof value === 'string' && /^[^\s:/]*[^\s:/\d][^\s:/]*$/.test(value)
    ? { written: value, meant: names.id(of, value) }
    : undefined;
}

const matching = (value: TomlValue, fits: (text: string) => boolean): Condition | undefined =>
  typeof value === 'string' && fits(value) ? { written: value, meant: value } : undefined;

// biome-ignore lint/suspicious/noControlCharactersInRegex: no path of a program that anybody means has any.
const isPath = (text: string): boolean => /^\/[^\u0000-\u001f]*[^/\u0000-\u001f]$/.test(text) && text.length < 4096;

/** systemd.unit(5): of those that processes are in. */
const isUnit = (text: string): boolean => /^[\w:.\\@-]{1,246}\.(?:service|scope|socket|mount|swap)$/.test(text);
export const isSlice = (text: string): boolean => /^[\w:.\\@-]{1,249}\.slice$/.test(text);
