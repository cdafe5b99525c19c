import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faults } from './faults.ts';

const root = join(import.meta.dirname, '..');

/** All titles in a file, as they are written there. */
function titlesIn(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  const quoted =
    /(?:\b(?:test|describe)(?:\.each\([^)]*\))?\(|\[|\{)\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g;
  return [...source.matchAll(quoted)].map(([, single, double, template]) => single ?? double ?? template ?? '');
}

for (const { fault, promise, tests } of faults)
  describe(`${fault}: ${promise}`, () => {
    for (const [file, says] of tests)
      test(`${file} has '${says}'`, () => {
        expect(titlesIn(file).filter((title) => title.includes(says)).length).toBeGreaterThan(0);
      });
  });
