import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lines } from './contract.ts';

const root = join(import.meta.dirname, '..');

/** The lines that titles in this file begin with. */
function namedIn(file: string): ReadonlySet<string> {
  const source = readFileSync(join(root, file), 'utf8');
  const titles = [...source.matchAll(/\(\s*['"`]((?:C\d+[ :,]+)+)/g)].map(([, names = '']) => names);
  return new Set(titles.flatMap((names) => names.match(/C\d+/g) ?? []));
}

test('the contract has forty lines', () => {
  expect(lines.map(({ line }) => line)).toEqual(Array.from({ length: 40 }, (_, index) => `C${index + 1}`));
});

for (const { line, says, tests } of lines)
  test(`${line} is named by its tests: ${says}`, () => {
    expect(tests).not.toEqual([]);
    for (const file of tests) expect([file, ...namedIn(file)]).toContain(line);
  });
