import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
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
  expect(settings.rows.find(({ key }) => key === 'log.level')).toMatchObject({ origin: { file: path, line: 2 } });
  expect(settings.files).toEqual([path]);
  expect(settings.warnings).toEqual([]);
});

test('a file that was asked for must be there', () => {
  const path = join(dir, 'none.toml');
  expect(printed(path)).toBe(`${path}: no such file; create it, or leave --config away to use the defaults`);
  expect(printed('')).toBe(': no such file; create it, or leave --config away to use the defaults');
});

test('no default file means the defaults', () => {
  expect(loadConfig(undefined, { defaults: [join(dir, 'a'), join(dir, 'b')] })).toEqual({
    ...parseConfig('', 'default'),
    files: [],
  });
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

const unreadable: ReadonlyArray<readonly [title: string, make: () => string, what: string]> = [
  ['a directory', () => mkdtempSync(join(dir, 'dir-')), 'cannot be read: not a regular file'],
  ['a FIFO nobody writes to', fifo, 'cannot be read: not a regular file'],
  ['a device', () => '/dev/null', 'cannot be read: not a regular file'],
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

for (const mode of [0o666, 0o664, 0o602])
  test(`does not believe a file of mode ${mode.toString(8)}`, () => {
    const path = file('open.toml', 'limits.users_max = 1');
    chmodSync(path, mode);
    expect(printed(path)).toBe(`${path}: others may write it (mode 0${mode.toString(8)}); chmod go-w it`);
  });

test('does not believe a file that is not of root', () => {
  const path = file('theirs.toml', 'limits.users_max = 1');
  chownSync(path, 4201, 0);
  expect(printed(path)).toBe(`${path}: it belongs to uid 4201; chown it to root`);
});

test('a link that leads nowhere is no file that is not there', () => {
  const path = join(dir, 'astray.toml');
  symlinkSync(join(dir, 'none'), path);
  expect(printed(undefined, [path])).toMatch(/astray\.toml: cannot be read: ENOENT/);
});

describe('drop-ins', () => {
  /** A file and what lies in its folder, by their names. */
  function place(name: string, main: string | undefined, dropIns: Readonly<Record<string, string>>): string {
    const path = join(dir, name);
    if (main !== undefined) writeFileSync(path, main);
    mkdirSync(`${path}.d`);
    for (const [each, text] of Object.entries(dropIns)) writeFileSync(join(`${path}.d`, each), text);
    return path;
  }

  test('change key by key what stands in the file, in the order of their names', () => {
    const path = place('order.toml', 'limits = { users_max = 1, nice_level_min = -1, realtime_priority_max = 11 }', {
      '9.toml': 'limits.nice_level_min = -9',
      '10.toml': 'limits = { nice_level_min = -10, realtime_priority_max = 12 }',
      'B.toml': 'limits.users_max = 2',
      'a.toml': 'limits.users_max = 3',
    });
    const { limits, files, rows } = loadConfig(path);
    expect(limits).toMatchObject({ usersMax: 3, niceLevelMin: -9, realtimePriorityMax: 12 });
    expect(files).toEqual([path, ...['10', '9', 'B', 'a'].map((name) => `${path}.d/${name}.toml`)]);
    expect(rows.find(({ key }) => key === 'limits.users_max')?.origin).toEqual({ file: `${path}.d/a.toml`, line: 1 });
  });

  test('add their rules after those of the file', () => {
    const rule = (line: number, max: number) =>
      `${'\n'.repeat(line - 1)}[[rule]]\nuser = 7\nrealtime_priority_max = ${max}`;
    const path = place('rules.toml', rule(1, 5), { '1.toml': rule(3, 6), '2.toml': `${rule(1, 7)}\n${rule(1, 8)}` });
    const rules = loadConfig(path).rules.map(({ origin, limits }) => [origin, limits.realtimePriorityMax]);
    expect(rules).toEqual([
      [`${path}:1`, 5],
      [`${path}.d/1.toml:3`, 6],
      [`${path}.d/2.toml:1`, 7],
      [`${path}.d/2.toml:4`, 8],
    ]);
  });

  test('are those of the administrator, whichever default file there is', () => {
    const admins = place('etc.toml', undefined, { 'a.toml': 'limits.users_max = 3' });
    const vendors = place('usr.toml', 'limits = { users_max = 1, nice_level_min = -1 }', { 'b.toml': 'nonsense' });
    expect(loadConfig(undefined, { defaults: [admins, vendors] }).limits).toMatchObject({
      usersMax: 3,
      niceLevelMin: -1,
    });
    expect(loadConfig(undefined, { defaults: [admins] }).limits.usersMax).toBe(3);
  });

  test('are files that end in .toml and are not hidden', () => {
    const path = place('names.toml', '', { '.a.toml': '?', 'a.toml~': '?', 'a.conf': '?', README: '?', '.toml': '?' });
    expect(loadConfig(path).files).toEqual([path]);
  });

  test('are told of together with the file, all that is wrong', () => {
    const path = place('bad.toml', 'limits.users_max = 0', {
      '1.toml': '[limits',
      '2.toml': 'limits.foo = 1\nlog.level = 1',
      '3.toml': 'log.level = "debug"',
    });
    chmodSync(`${path}.d/3.toml`, 0o666);
    expect(printed(path).split('\n')).toEqual([
      expect.stringContaining(`${path}:1:20: limits.users_max must be 1 to 65536`),
      expect.stringContaining(`${path}.d/1.toml:1:2: not TOML: `),
      expect.stringContaining(`${path}.d/2.toml:1:1: limits.foo is not a setting`),
      expect.stringContaining(`${path}.d/2.toml:2:13: log.level must be `),
      expect.stringContaining(`${path}.d/3.toml: others may write it`),
    ]);
  });

  test('are not held against a file that cannot be read', () => {
    const path = place('torn.toml', '[limits\nrealtime_threads_per_user_max = 300', {
      'a.toml': 'limits.realtime_threads_per_process_max = 200\nlimits.users_max = 0',
    });
    expect(printed(path).split('\n')).toEqual([
      expect.stringContaining(`${path}:1:`),
      expect.stringContaining(`${path}.d/a.toml:2:20: limits.users_max must be`),
    ]);
  });

  test('lie in a folder that nobody else may write', () => {
    const path = place('folder.toml', '', {});
    chmodSync(`${path}.d`, 0o777);
    expect(printed(path)).toBe(`${path}.d: others may write it (mode 0777); chmod go-w it`);
    chmodSync(`${path}.d`, 0o755);
    expect(printed(path)).toBe('');
  });

  test('cannot lie in a file', () => {
    const path = file('flat.toml', '');
    writeFileSync(`${path}.d`, '');
    expect(printed(path)).toBe(`${path}.d: not a directory; remove it`);
  });
});
