import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

const top = join(import.meta.dirname, '../..');

/** The C library; compiled if it is missing or older than its sources. @returns its path */
export const libraryPath = (): string =>
  compiled('librealtime-broker.so', sourcesIn('native'), ['-fPIC', '-fvisibility=hidden', '-shared']);

/** The process that plays what it is told, test/fixtures/actor.c. */
export const actorPath = (): string => compiled('actor', [join(top, 'test/fixtures/actor.c')], []);

function compiled(name: string, sources: readonly string[], flags: readonly string[]): string {
  const path = join(top, 'build', name);
  if (existsSync(path) && sources.every((source) => statSync(source).mtimeMs < statSync(path).mtimeMs)) return path;

  mkdirSync(dirname(path), { recursive: true });
  // Test files run side by side: each sees the whole file or none.
  const fresh = `${path}.${process.pid}`;
  const strict = ['-std=c11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const code = sources.filter((source) => source.endsWith('.c'));
  execFileSync('cc', [...strict, ...flags, '-o', fresh, ...code], { stdio: 'inherit' });
  renameSync(fresh, path);
  return path;
}

const sourcesIn = (folder: string): readonly string[] =>
  readdirSync(join(top, folder))
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(top, folder, name));
