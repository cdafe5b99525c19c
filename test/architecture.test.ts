import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../src');

/** Which part of the house may look into which. What is not listed is forbidden; only a main.ts knows everything. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  '.': ['core', '.'],
  linux: ['core', '.', 'linux'],
  polkit: ['core', '.', 'polkit'],
  bus: ['core', '.', 'bus', '../dbus'],
  cli: ['core', 'bus', 'cli'],
  config: ['core', '.', 'config'],
  journal: ['core', '.', 'journal'],
  state: ['core', '.', 'state'],
  systemd: ['systemd'],
};

/** The ports, the refusal and the turns are what the ground floor offers to adapters; the broker itself is shown as types only. */
const groundFloor = ['ports.ts', 'refused.ts', 'turns.ts'];

const roomOf = (file: string): string => {
  const path = relative(root, file).split(sep);
  return path[0] === '..' ? path.slice(0, 2).join('/') : path.length === 1 ? '.' : (path[0] as string);
};

interface Import {
  readonly typeOnly: boolean;
  readonly target: string;
}

/** What a file imports from files of ours, in each form there is. */
function importsOf(source: string): Import[] {
  const statements = source.matchAll(/^(?:import|export)( type)?\s[^;]*?from\s*['"](\.[^'"]+)['"]/gm);
  const effects = source.matchAll(/^import()\s*['"](\.[^'"]+)['"]/gm);
  const calls = source.matchAll(/\b(?:import|require)()\s*\(\s*['"`](\.[^'"`]+)['"`]/g);
  return [...statements, ...effects, ...calls].map(([, typeOnly, target]) => ({
    typeOnly: Boolean(typeOnly),
    target: target as string,
  }));
}

test.each([
  [`import { a } from './x.ts';`, false],
  [`import {\n  a,\n} from './x.ts';`, false],
  [`import a from "./x.ts";`, false],
  [`import './x.ts';`, false],
  [`import"./x.ts";`, false],
  [`const x = await import('./x.ts');`, false],
  [`const x = require('./x.ts');`, false],
  [`export * from './x.ts';`, false],
  [`import type { A } from './x.ts';`, true],
])('%s is seen', (source, typeOnly) => {
  expect(importsOf(source)).toEqual([{ typeOnly, target: './x.ts' }]);
});

test('an import of what is not ours is passed over', () => {
  expect(importsOf(`import { join } from 'node:path';\nimport 'koffi';\nconst a = import('pino');`)).toEqual([]);
});

for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts') || basename(name) === 'main.ts') continue;
  test(`${name} imports only from below`, () => {
    const file = join(root, name);
    const room = roomOf(file);
    for (const { typeOnly, target } of importsOf(readFileSync(file, 'utf8'))) {
      const imported = join(dirname(file), target);
      const other = roomOf(imported);
      expect(mayImport[room], `${name} is in a room of its own`).toBeDefined();
      expect(mayImport[room], `${name} reaches into ${other}/`).toContain(other);
      if (room !== '.' && other === '.' && !typeOnly)
        expect(groundFloor, `${name} leans on ${relative(root, imported)}`).toContain(relative(root, imported));
    }
  });
}

test('the core imports no package; that it knows no Node is its tsconfig, which has no types', () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'core/tsconfig.json'), 'utf8'));
  expect(compilerOptions.types).toEqual([]);
  for (const name of readdirSync(join(root, 'core')).filter((file) => file.endsWith('.ts')))
    expect(readFileSync(join(root, 'core', name), 'utf8'), name).not.toMatch(
      /(?:from|import)\s*\(?\s*['"`][^.]|\brequire\(/,
    );
});
