import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseConfig } from '../../src/config/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function printed(path: string | undefined, defaults: readonly string[] = []): string {
  try {
    loadConfig(path, { defaults });
  } catch (fault) {
    if (fault instanceof ConfigError) return fault.message;
    throw fault;
  }
  return '';
}

test('a file is read, and named as the origin', () => {
  const path = file('good.toml', '[log]\nlevel = "debug"\n');
  const settings = loadConfig(path);
  expect(settings.logLevel).toBe('debug');
  expect(settings.origins['log.level']).toBe(`${path}:2`);
  expect(settings.warnings).toEqual([]);
});

test('a file that was asked for must be there', () => {
  const path = join(dir, 'none.toml');
  expect(printed(path)).toBe(`${path}: no such file; create it, or leave --config away to use the defaults`);
  expect(printed('')).toBe(': no such file; create it, or leave --config away to use the defaults');
});

test('no default file means the defaults', () => {
  expect(loadConfig(undefined, { defaults: [join(dir, 'a'), join(dir, 'b')] })).toEqual(parseConfig('', 'default'));
});

test('of the default files the first counts, and it alone', () => {
  const first = file('first.toml', 'limits.users_max = 1');
  const second = file('second.toml', 'limits.users_max = 2\nlog.level = "debug"');
  const { limits, logLevel } = loadConfig(undefined, { defaults: [join(dir, 'none'), first, second] });
  expect([limits.usersMax, logLevel]).toEqual([1, 'info']);
});

test('a mistake in a default file counts as well', () => {
  const path = file('bad.toml', '\n[limits]\nusers_max = 0');
  expect(printed(undefined, [path, file('fine.toml', '')])).toBe(
    `${path}:3:13: limits.users_max must be 1 to 65536 users, not 0`,
  );
});

test('/dev/null is a file with nothing in it', () => {
  expect(loadConfig('/dev/null').limits).toEqual(parseConfig('', '').limits);
});

const unreadable: ReadonlyArray<readonly [title: string, make: () => string, what: string]> = [
  ['a directory', () => mkdtempSync(join(dir, 'dir-')), 'cannot be read: not a regular file'],
  ['a FIFO nobody writes to', fifo, 'cannot be read: not a regular file'],
  ['a device without end', () => '/dev/zero', 'cannot be read: longer than 1048576 bytes'],
  [
    'a file that is too long',
    () => file('long.toml', '#'.repeat(1024 * 1024 + 1)),
    'cannot be read: longer than 1048576 bytes',
  ],
  ['Latin-1', () => file('latin.toml', Buffer.from('# \xe4', 'latin1')), 'not UTF-8, which TOML must be'],
  [
    'half a letter at the end',
    () => file('cut.toml', Buffer.from('# ä').subarray(0, 3)),
    'not UTF-8, which TOML must be',
  ],
  ['a link to itself', loop, 'cannot be read: ELOOP: too many symbolic links encountered, open '],
];

for (const [title, make, what] of unreadable) {
  test(`does not read ${title}`, () => {
    const path = make();
    expect(printed(path).startsWith(`${path}: ${what}`), printed(path)).toBe(true);
  });
}

function fifo(): string {
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

function loop(): string {
  const path = join(dir, 'loop');
  symlinkSync(path, path);
  return path;
}

test('a file of a MiB is read', () => {
  expect(loadConfig(file('full.toml', '#'.repeat(1024 * 1024))).logLevel).toBe('info');
});

test('a file that everybody may write is used, with a warning', () => {
  const path = file('open.toml', 'limits.users_max = 1');
  chmodSync(path, 0o666);
  const settings = loadConfig(path);
  expect(settings.limits.usersMax).toBe(1);
  expect(settings.warnings).toEqual([`${path} can be written by everybody; chmod o-w it`]);
});
