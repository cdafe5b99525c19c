import type { TomlValue } from 'smol-toml';
import { nearest } from '../core/nearest.ts';
import type { IntegerKey, KeyRow, WordKey } from './keys.ts';

export type Value = number | boolean | string;

/** The value, if it is one the row allows. Ranges are compared as BigInt: a Number would round 2^53 + 1 first. */
export function accepted(row: KeyRow, value: TomlValue): Value | undefined {
  switch (row.kind) {
    case 'integer':
      return typeof value === 'bigint' && value >= BigInt(row.min) && value <= BigInt(row.max)
        ? Number(value)
        : undefined;
    case 'float':
      return isNumber(value) && value >= row.min && value <= row.max ? Number(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'word':
      return typeof value === 'string' && row.words.includes(value) ? value : undefined;
  }
}

/** Why it does not fit, to be read after the key. @param written the value as it stands in the file */
export function misfit(row: KeyRow, value: TomlValue, written: string): string {
  if (row.kind === 'word' && typeof value === 'string') return misfitWord(row, value, written);
  return `must be ${allowed(row)}, not ${came(row, value, written)}`;
}

/** What may be written there: "10000 to 60000000 us", "true or false". */
export function allowed(row: KeyRow): string {
  switch (row.kind) {
    case 'integer':
      return range(row);
    case 'float':
      return `${row.min} to ${row.max}`;
    case 'boolean':
      return 'true or false';
    case 'word':
      return row.words
        .map((word) => JSON.stringify(word))
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' or ');
  }
}

/** TOML has two kinds of number; where a share is wanted, 1 is as good as 1.0. */
const isNumber = (value: TomlValue): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

const range = ({ min, max, unit }: IntegerKey): string => `${min} to ${max}${unit === '' ? '' : ` ${unit}`}`;

function misfitWord(row: WordKey<string>, value: string, written: string): string {
  const meant = nearest(value, row.words);
  return `must be ${allowed(row)}, not ${written}${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
}

function came(row: KeyRow, value: TomlValue, written: string): string {
  const kind = kindOf(value);
  if (kind === 'array') return 'an array';
  if (kind === 'table') return 'a table';
  return kind === row.kind || (row.kind === 'float' && kind === 'integer') ? written : `the ${kind} ${written}`;
}

function kindOf(value: TomlValue): 'integer' | 'float' | 'boolean' | 'string' | 'date' | 'array' | 'table' {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'boolean' || typeof value === 'string') return typeof value as 'boolean' | 'string';
  if (Array.isArray(value)) return 'array';
  return value instanceof Date ? 'date' : 'table';
}

export const isTable = (value: TomlValue): value is { [name: string]: TomlValue } => kindOf(value) === 'table';
