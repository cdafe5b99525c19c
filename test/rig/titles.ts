import { readFileSync } from 'node:fs';
import { fromRoot } from './paths.ts';

/** All titles in a file of tests, as they are written there. */
export function titlesIn(file: string): string[] {
  const source = readFileSync(fromRoot(file), 'utf8');
  const quoted =
    /(?:\b(?:test|describe)(?:\.each\([^)]*\))?\(|\[|\{)\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g;
  return [...source.matchAll(quoted)].map(([, single, double, template]) => single ?? double ?? template ?? '');
}
