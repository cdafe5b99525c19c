import type { TomlValue } from 'smol-toml';
import { nearest } from '../core/nearest.ts';
import type { Problem } from './error.ts';
import { accepted, isTable, misfit } from './fit.ts';
import type { Found } from './found.ts';
import { allKeys, isKey, type Key, keys, tables } from './keys.ts';
import { quoteKey } from './quote.ts';
import type { Source } from './source.ts';

/** Adds the values of a file that fit their rows, and what is wrong with the others. Stops at nothing. */
export function check(source: Source, found: Found, problems: Problem[]): void {
  for (const [name, value] of Object.entries(source.values)) {
    if (name === 'rule') continue;
    if (!Object.hasOwn(tables, name)) problems.push(source.problemWithName([name], unknownAtTop(name, value)));
    else if (!isTable(value)) problems.push(source.problem([name], `${name} is a table: write [${name}]`));
    else checkTable(name, value);
  }

  function checkTable(table: string, entries: { readonly [name: string]: TomlValue }): void {
    for (const [name, value] of Object.entries(entries)) {
      const path = [table, name];
      const key = `${table}.${name}`;
      if (!isKey(key)) {
        problems.push(source.problemWithName(path, unknownKey(table, name)));
        continue;
      }

      const fitting = accepted(keys[key], value);
      if (fitting !== undefined) found.set(key, fitting, source);
      else {
        found.refuse(key);
        problems.push(source.problem(path, `${key} ${misfit(keys[key], value, source.written(path))}`));
      }
    }
  }
}

function unknownAtTop(name: string, value: TomlValue): string {
  if (!isTable(value) && !Array.isArray(value)) return `${quoteKey(name)} is not a setting${didYouMean(keyLike(name))}`;
  const table = nearest(name, [...Object.keys(tables), 'rule']);
  const brackets = table === 'rule' ? '[[rule]]' : table && `[${table}]`;
  return `there is no table [${quoteKey(name)}]${didYouMean(brackets)}`;
}

function unknownKey(table: string, name: string): string {
  const key = nearest(`${table}.${name}`, allKeys) ?? keyLike(name);
  return `${table}.${quoteKey(name)} is not a setting${didYouMean(key)}`;
}

/** The right name in the wrong table, or nearly so. */
function keyLike(name: string): Key | undefined {
  const leaf = nearest(name, leaves);
  return leaf === undefined ? undefined : allKeys[leaves.indexOf(leaf)];
}

const leaves = allKeys.map((key) => key.slice(key.indexOf('.') + 1));

export const didYouMean = (what: string | undefined): string => (what === undefined ? '' : `; did you mean ${what}?`);
