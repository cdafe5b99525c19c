import type { TomlValue } from 'smol-toml';
import { nearest } from '../core/nearest.ts';
import { type Problem, shownMax } from './error.ts';
import { accepted, isTable, misfit } from './fit.ts';
import type { Found } from './found.ts';
import { allKeys, isKey, type Key, keys, tables } from './keys.ts';
import { quoteKey } from './quote.ts';
import type { Source } from './source.ts';

/** Adds the values of a file that fit their rows, and what is wrong with the others. Stops at nothing. */
export function check(source: Source, found: Found, problems: Problem[]): void {
  /** To look for what was meant takes its time, and nobody would see it. */
  const isShown = () => problems.length < shownMax;
  for (const [name, value] of Object.entries(source.values)) {
    if (name === 'rule') continue;
    if (!Object.hasOwn(tables, name))
      problems.push(source.problemWithName([name], unknownAtTop(name, value, isShown())));
    else if (!isTable(value)) problems.push(source.problem([name], `${name} is a table: write [${name}]`));
    else checkTable(name, value);
  }

  function checkTable(table: string, entries: { readonly [name: string]: TomlValue }): void {
    for (const [name, value] of Object.entries(entries)) {
      const path = [table, name];
      const key = `${table}.${name}`;
      if (!isKey(key)) {
        problems.push(source.problemWithName(path, unknownKey(table, name, isShown())));
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

function unknownAtTop(name: string, value: TomlValue, withHint: boolean): string {
  const isSetting = !isTable(value) && !Array.isArray(value);
  const text = isSetting ? `${quoteKey(name)} is not a setting` : `there is no table [${quoteKey(name)}]`;
  return text + (withHint ? didYouMean(isSetting ? keyLike(name) : tableLike(name)) : '');
}

function tableLike(name: string): string | undefined {
  const table = nearest(name, [...Object.keys(tables), 'rule']);
  return table === 'rule' ? '[[rule]]' : table && `[${table}]`;
}

function unknownKey(table: string, name: string, withHint: boolean): string {
  const text = `${table}.${quoteKey(name)} is not a setting`;
  return text + (withHint ? didYouMean(nearest(`${table}.${name}`, allKeys) ?? keyLike(name)) : '');
}

/** The right name in the wrong table, or nearly so. */
function keyLike(name: string): Key | undefined {
  const leaf = nearest(name, leaves);
  return leaf === undefined ? undefined : allKeys[leaves.indexOf(leaf)];
}

const leaves = allKeys.map((key) => key.slice(key.indexOf('.') + 1));

export const didYouMean = (what: string | undefined): string => (what === undefined ? '' : `; did you mean ${what}?`);
