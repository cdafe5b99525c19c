import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built } from '../rig/paths.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'realtime-broker-'));
  writeFileSync(join(dir, 'good.toml'), '[limits]\nrealtime_priority_max = 30\n');
  writeFileSync(join(dir, 'bad.toml'), '[limits]\nrealtime_priority_max = 99\n\n[polkt]\ntimeout_msec = 5000\n');
  writeFileSync(join(dir, 'torn.toml'), '[limits\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The file named DIR/… lies where these tests put theirs. */
const table: readonly (readonly [args: string, code: number, stdout: RegExp, stderr: RegExp])[] = [
  ['--version', 0, /^realtime-brokerd \d+\.\d+\.\d+\S*\n$/, /^$/],
  ['--help', 0, /^Usage: realtime-brokerd \[OPTION\](.|\n)*--check-config(.|\n)*Exit status: 0 /, /^$/],
  ['-h', 0, /^Usage: realtime-brokerd /, /^$/],
  ['--check-config --config DIR/good.toml', 0, /^Read DIR\/good\.toml\.\nThe configuration is good\.\n$/, /^$/],
  [
    '--check-config --config DIR/bad.toml',
    1,
    /^$/,
    /DIR\/bad\.toml:2:\d+: .*1 to 98(.|\n)*DIR\/bad\.toml:4:\d+: .*polkit/,
  ],
  ['--check-config --config DIR/torn.toml', 1, /^$/, /DIR\/torn\.toml:1:\d+: /],
  ['--check-config --config DIR/none.toml', 1, /^$/, /DIR\/none\.toml: no such file/],
  ['--config DIR/bad.toml --bus unix:path=DIR/bus', 1, /^$/, /^realtime-brokerd: DIR\/bad\.toml:2:\d+: /],
  [
    '--config DIR/good.toml --bus unix:path=DIR/bus --state-dir DIR/state',
    1,
    /^$/,
    /no message bus at unix:path=DIR\/bus/,
  ],
  ['--config DIR/good.toml --bus tcp:host=localhost --state-dir DIR/state', 1, /^$/, /unix:path=/],
  ['--nonsense', 2, /^$/, /--nonsense(.|\n)*Try 'realtime-brokerd --help'\.\n$/],
  ['nonsense', 2, /^$/, /nonsense/],
  ['--config', 2, /^$/, /--config/],
  ['--check-config=yes', 2, /^$/, /check-config/],
  ['--log-level loud', 2, /^$/, /'loud': expected one of debug, info, warning, error/],
];

for (const [words, status, stdout, stderr] of table)
  test(`realtime-brokerd ${words}: ${status}`, async () => {
    const ran = await run(words.replaceAll('DIR', dir).split(' '));
    const said = {
      code: ran.code,
      stdout: ran.stdout.replaceAll(dir, 'DIR'),
      stderr: ran.stderr.replaceAll(dir, 'DIR'),
    };
    const expected = { code: status, stdout: expect.stringMatching(stdout), stderr: expect.stringMatching(stderr) };
    expect(said).toEqual(expected);
    expect(said.stderr).not.toMatch(/^ +at /m);
  });

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const words = [built('dist/realtime-brokerd.js'), ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, words, { cwd: '/', timeout: 20_000 }, (fault, stdout, stderr) =>
      resolve({ code: fault === null ? 0 : Number(fault.code), stdout, stderr }),
    ),
  );
}
