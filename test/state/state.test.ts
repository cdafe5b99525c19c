import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { plainOf } from '../../src/state/deed.ts';
import { plainHeading } from '../../src/state/heading.ts';
import { anyBoot } from '../../src/state/reading.ts';
import { encodeRecord } from '../../src/state/record.ts';
import { openState } from '../../src/state/state.ts';
import { grantOf } from '../contracts/logbook.ts';
import { FakeJournal } from '../fakes/journal.ts';
import { heading } from './stage.ts';

const root = mkdtempSync(join(tmpdir(), 'state-'));
afterAll(() => rmSync(root, { recursive: true }));

let number = 0;
let dir: string;
let file: string;
let journal: FakeJournal;
beforeEach(() => {
  dir = join(root, `${++number}`);
  mkdirSync(dir, { mode: 0o700 });
  file = join(dir, 'logbook');
  journal = new FakeJournal();
});

const configured = { rttimeUsecMax: 100_000n, realtimePriorityMax: 10, niceLevelMin: -11 };
const open = () => openState(dir, heading.boot, configured, journal);

const [first, second] = [grantOf(1), grantOf(2)];
const lineOf = (value: object) => encodeRecord(value).toString();
const headed = (...lines: string[]) => [lineOf(plainHeading(heading)), ...lines].join('');
const granted = [first, second].map((grant) => lineOf(plainOf({ kind: 'granted', grant })));

test('a first broker finds nothing, and what it says holds', () => {
  const { legacy, advertised, damaged } = open();
  expect({ legacy, advertised, damaged }).toEqual({
    legacy: { threads: [], offenders: [] },
    advertised: configured,
    damaged: false,
  });
  expect(journal.entries).toEqual([]);
});

test('the next one has what it left, and goes on saying what it said', () => {
  writeFileSync(file, headed(...granted), { mode: 0o600 });
  const { legacy, advertised, damaged } = open();
  expect(legacy.threads).toEqual([{ grant: first }, { grant: second }]);
  expect({ advertised, damaged }).toEqual({ advertised: heading.advertised, damaged: false });
  expect(journal.entries).toEqual([]);
});

test('what was written in another boot does not matter, whatever it is', () => {
  for (const format of [1, 7]) {
    const value = { ...plainHeading(heading), format, boot: 'another' };
    writeFileSync(file, lineOf(value) + granted[0]);
    const { legacy, advertised, damaged } = openState(dir, heading.boot, configured, journal);
    expect({ threads: legacy.threads, advertised, damaged }).toEqual({
      threads: [],
      advertised: configured,
      damaged: false,
    });
    expect(journal.entries).toEqual([]);
    dir = join(root, `${++number}`);
    mkdirSync(dir);
    file = join(dir, 'logbook');
  }
});

test('unless any boot will do', () => {
  writeFileSync(file, lineOf({ ...plainHeading(heading), boot: 'another' }) + granted[0]);
  expect(openState(dir, anyBoot, configured, journal).legacy.threads).toEqual([{ grant: first }]);
});

test('what was cut off at its end is told of, and is no damage', () => {
  writeFileSync(file, headed(...granted).slice(0, -1));
  const { legacy, damaged } = open();
  expect(legacy.threads).toEqual([{ grant: first }]);
  expect(damaged).toBe(false);
  expect(journal.entries).toMatchObject([{ level: 'info', text: expect.stringContaining('was cut off') }]);
});

describe('it is set aside, and told of,', () => {
  const rows: readonly (readonly [title: string, put: () => void, why: RegExp])[] = [
    ['when it is empty', () => writeFileSync(file, ''), /its heading cannot be read/],
    ['when it is something else', () => writeFileSync(file, 'Dear diary,\n'), /its heading cannot be read/],
    [
      'when a later broker wrote it',
      () => writeFileSync(file, lineOf({ ...plainHeading(heading), format: 2 }) + granted[0]),
      /its format is 2, and this broker reads 1 only/,
    ],
    [
      'when its heading lacks something',
      () => writeFileSync(file, lineOf({ format: 1, boot: heading.boot, advertised: {} })),
      /its heading cannot be read/,
    ],
    [
      'when it is another user’s',
      () => {
        writeFileSync(file, headed(...granted));
        chownSync(file, 65_534, 65_534);
      },
      /others may have written it \(uid 65534/,
    ],
    ['when others may write it', () => writeWith(0o666), /others may have written it \(uid 0, mode 666\)/],
    ['when it is a link', () => symlinkSync('/etc/passwd', file), /ELOOP/],
    ['when it is a directory', () => mkdirSync(file), /no regular file/],
    ['when it is a pipe', () => execFileSync('mkfifo', [file]), /no regular file/],
  ];
  for (const [title, put, why] of rows)
    test(title, () => {
      put();
      const { legacy, advertised, damaged, logbook } = open();
      expect(legacy.threads).toEqual([]);
      expect({ advertised, damaged }).toEqual({ advertised: configured, damaged: true });
      expect(journal.entries).toMatchObject([{ level: 'error', text: expect.stringMatching(why) }]);
      expect(journal.entries[0]?.text).toContain(`It is kept as ${file}.damaged-1.`);
      expect(readdirSync(dir)).toContain('logbook.damaged-1');
      logbook.begin();
      expect(readFileSync(file, 'utf8')).toBe(lineOf(plainHeading({ ...heading, advertised: configured })));
    });

  test('when a record is damaged; what can be read of it counts where the kernel confirms it', () => {
    const [one = '', other = ''] = granted;
    writeFileSync(file, headed(one, one.replace('realtime', 'unreal'), other), { mode: 0o600 });
    const { legacy, advertised, damaged } = open();
    expect(legacy.threads).toMatchObject([{ intent: { grant: first } }, { intent: { grant: second } }]);
    expect({ advertised, damaged }).toEqual({ advertised: heading.advertised, damaged: true });
    expect(journal.entries[0]?.text).toMatch(/1 of its records cannot be read, the first one in line 3/);
  });

  test('and only the last three are kept', () => {
    for (const name of ['damaged-1', 'damaged-2', 'damaged-3']) writeFileSync(`${file}.${name}`, name);
    writeFileSync(file, 'new');
    open();
    const kept = ['damaged-1', 'damaged-2', 'damaged-3'].map((name) => readFileSync(`${file}.${name}`, 'utf8'));
    expect(kept).toEqual(['new', 'damaged-1', 'damaged-2']);
    expect(existsSync(`${file}.damaged-4`)).toBe(false);
  });
});

test('a record with the right checksum and the wrong content is no record', () => {
  const strange = [
    null,
    [],
    { kind: 'toString' },
    { kind: 'granted' },
    { ...plainOf({ kind: 'granted', grant: first }), tid: 0 },
    { ...plainOf({ kind: 'granted', grant: first }), tid: 2 ** 32 },
    { ...plainOf({ kind: 'granted', grant: first }), starttime: '-1' },
    { ...plainOf({ kind: 'granted', grant: first }), scheduling: { kind: 'realtime', priority: 100 } },
    { ...plainOf({ kind: 'granted', grant: first }), former: undefined },
    { ...plainOf({ kind: 'granted', grant: first }), scheduling: { kind: 'high-priority', nice: -21 } },
    { kind: 'ended', key: 7 },
    { kind: 'offended', process: { pid: 1, starttime: '1', uid: 1 }, untilMsec: '1', offences: 1 },
  ];
  writeFileSync(file, headed(...strange.map((each) => lineOf(each as object)), granted[1] ?? ''));
  const { legacy, damaged } = open();
  expect(legacy.threads).toMatchObject([{ intent: { grant: second } }]);
  expect(damaged).toBe(true);
  expect(journal.entries[0]?.text).toContain(
    `${strange.length} of its records cannot be read, the first one in line 2`,
  );
});

test('the directory is one broker’s alone', () => {
  open();
  expect(open).toThrow(/another broker keeps its state in .*; end it, or pass another --state-dir/);
});

function writeWith(mode: number): void {
  writeFileSync(`${file}.made`, headed(...granted));
  execFileSync('chmod', [mode.toString(8), `${file}.made`]);
  linkSync(`${file}.made`, file);
}
