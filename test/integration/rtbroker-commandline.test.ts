import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built } from '../rig/paths.ts';
import { undocumented } from '../rig/shapes.ts';

// What needs no broker, and what becomes of the rest without one.

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'realtime-broker-'));
  writeFileSync(join(dir, 'good.toml'), '[limits]\nrealtime_priority_max = 30\n');
  writeFileSync(join(dir, 'bad.toml'), '[limits]\nrealtime_priority_max = 99\n\n[polkt]\ntimeout_msec = 5000\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

const table: readonly (readonly [args: string, code: number, stdout: RegExp, stderr: RegExp])[] = [
  ['--version', 0, /^rtbroker \d+\.\d+\.\d+\S*\n$/, /^$/],
  ['--help', 0, /^Usage: rtbroker VERB (.|\n)*explain PID(.|\n)*Exit status: 0 done/, /^$/],
  ['list --help', 0, /^Usage: rtbroker list \[-a\] \[-u USER\] \[--json\]\n/, /^$/],
  ['', 2, /^$/, /^rtbroker: name a verb.*\nrtbroker: see 'rtbroker --help'\n$/],
  [
    'stauts',
    2,
    /^$/,
    /^rtbroker: there is no verb 'stauts'\. Did you mean 'status'\?\nrtbroker: see 'rtbroker --help'\n$/,
  ],
  ['list --al', 2, /^$/, /there is no flag '--al'\. Did you mean '--all'\?\nrtbroker: see 'rtbroker list --help'\n$/],
  ['list --user rot', 2, /^$/, /there is no user 'rot'\. Did you mean 'root'\?.*\n.*'rtbroker list --help'\n$/],
  ['grant 1 100', 2, /^$/, /'100' is no realtime priority: expected 1 to 99/],
  ['grant 1 2 --nice 3', 2, /^$/, /not both/],
  ['grant 1 --nice -21', 2, /^$/, /'-21' is no nice level: expected -20 to 19/],
  ['demote', 2, /^$/, /name a thread, PID or PID\/TID, or say --all/],
  [
    'config --config DIR/good.toml',
    0,
    /^daemon\.realtime\t(.|\n)*\nlimits\.realtime_priority_max\t30\tDIR\/good\.toml:2\n(.|\n)*\t"require"\tdefault\n/,
    /^$/,
  ],
  [
    'config --config DIR/bad.toml',
    1,
    /^$/,
    /^rtbroker: DIR\/bad\.toml:2:\d+: .*1 to 98(.|\n)*DIR\/bad\.toml:4:\d+: .*polkit/,
  ],
  ['config --config DIR/none.toml', 1, /^$/, /DIR\/none\.toml: no such file/],
  ['top -d 0', 2, /^$/, /'0' is no time between two looks/],
  ['--bus tcp:host=localhost status', 3, /^$/, /unix:path=/],
  ['--bus unix:path=DIR/bus version', 3, /^rtbroker \S+\nrealtime-brokerd unknown: no message bus/, /^$/],
  ['--bus unix:path=DIR/bus version --json', 3, /^\{"tool":"\d\S+","daemon":null\}\n$/, /^$/],
  ...['status', 'run -- true', 'watch --json'].map((line): (typeof table)[number] => [
    `--bus unix:path=DIR/bus ${line}`,
    3,
    /^$/,
    /^rtbroker: no message bus at unix:path=DIR\/bus: .*\. Does the bus run\? Name another with --bus\.\n$/,
  ]),
];

/** The file named DIR/… lies where these tests put theirs. */
for (const [words, status, stdout, stderr] of table)
  test.concurrent(`rtbroker ${words}: ${status}`, async ({ expect }) => {
    const ran = await run(words.replaceAll('DIR', dir).split(' ').filter(Boolean));
    const [out, errors] = [ran.stdout, ran.stderr].map((text) => text.replaceAll(dir, 'DIR')) as [string, string];
    expect({ code: ran.code, out, errors }).toEqual({
      code: status,
      out: expect.stringMatching(stdout),
      errors: expect.stringMatching(stderr),
    });
    expect(errors).not.toMatch(/^ +at /m);
  });

const run = (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) =>
    execFile(process.execPath, tool(...args), { cwd: '/', timeout: 20_000 }, (fault, stdout, stderr) =>
      resolve({ code: fault === null ? 0 : Number(fault.code), stdout, stderr }),
    ),
  );

const tool = (...args: string[]) => [built('dist/rtbroker.js'), ...args];

test('config has its shape as JSON', async () => {
  const rows = JSON.parse((await run(['config', '--config', join(dir, 'good.toml'), '--json'])).stdout);
  expect(rows).toContainEqual({
    key: 'limits.realtime_priority_max',
    value: 30,
    file: join(dir, 'good.toml'),
    line: 2,
  });
  expect(rows).toContainEqual({ key: 'limits.nice_level_min', value: -15, file: null, line: null });
  expect(undocumented('config', rows[0])).toEqual([]);
});

test('who stops reading is not complained to', async () => {
  const child = spawn(process.execPath, tool('--help'), { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});

test('what cannot be written is told, and is no success', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, tool('--help'), {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^rtbroker: cannot write: ENOSPC/) });
});
