import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { entryOf } from '../../src/journal/entry.ts';
import { Stderr } from '../../src/journal/stderr.ts';
import { type Ends, openPipe, openSocketPair, openTerminal } from './kernel.ts';

const dir = mkdtempSync(join(tmpdir(), 'stderr-'));
afterAll(() => rmSync(dir, { recursive: true }));

const kinds: ReadonlyArray<readonly [kind: string, open: () => Ends]> = [
  ['pipe', openPipe],
  ['socket', openSocketPair],
  ['terminal', openTerminal],
];

/** Sends until the reader is behind. @returns the lines, the last of which was not taken, or not wholly */
function fill(stderr: Stderr): readonly string[] {
  const lines: string[] = [];
  for (let index = 0; ; index++) {
    const text = `${index} ${'x'.repeat(index % 1000)}`;
    lines.push(`info: ${text}\n`);
    const entry = entryOf('info', text);
    if (stderr.send(entry) === 'later') return lines;
  }
}

for (const [kind, open] of kinds) {
  test(`a ${kind} gets lines`, () => {
    using ends = open();
    using stderr = new Stderr(false, ends.write);
    expect(stderr.send(entryOf('warning', 'a', { uid: 1 }))).toBe('sent');
    expect(stderr.send(entryOf('error', 'b'))).toBe('sent');
    expect(ends.read().replaceAll('\r', '')).toBe('warning: a (RTBROKER_UID=1)\nerror: b\n');
  });

  test(`a ${kind} nobody reads makes nobody wait, and gets whole lines when it is read`, () => {
    using ends = open();
    using stderr = new Stderr(false, ends.write);
    const lines = fill(stderr);
    expect(lines.length).toBeGreaterThan(3);
    const begun = entryOf('info', lines.at(-1)!.slice('info: '.length, -1));

    let text = ends.read();
    // The entry that was told 'later' comes again, as an outbox would have it, though here it is another object.
    expect(stderr.send(begun)).toBe('sent');
    text += ends.read();
    const read = text.replaceAll('\r', '').split('\n');
    for (const line of read.slice(0, -1)) expect(lines).toContain(`${line}\n`);
    expect(read.slice(0, lines.length - 1).join('\n')).toBe(lines.slice(0, -1).join('').slice(0, -1));
  });

  test(`a ${kind} whose other end is gone harms nobody`, () => {
    using ends = open();
    using stderr = new Stderr(false, ends.write);
    ends.closeReader();
    expect(stderr.send(entryOf('info', 'a'))).toBe('never');
    expect(stderr.send(entryOf('info', 'b'))).toBe('never');
  });

  test(`a ${kind} is not changed for others who have it open`, () => {
    using ends = open();
    const flags = () => readFileSync(`/proc/self/fdinfo/${ends.write}`, 'utf8').match(/flags:\s*(\d+)/)?.[1];
    const before = flags();
    using stderr = new Stderr(false, ends.write);
    fill(stderr);
    expect(flags()).toBe(before);
    expect(Number.parseInt(before!, 8) & constants.O_NONBLOCK).toBe(0);
  });
}

test('a line that a terminal took in part is continued, not begun anew', () => {
  using terminal = openTerminal();
  using stderr = new Stderr(false, terminal.write);
  const entries = Array.from({ length: 100 }, (_, index) => entryOf('info', `${index} ${'x'.repeat(1000)}`));
  const lines = entries.map(({ text }) => `info: ${text}\n`).join('');
  let read = '';
  let waited = 0;
  for (const entry of entries) {
    while (stderr.send(entry) === 'later') {
      waited++;
      read += terminal.read();
    }
  }
  read += terminal.read();
  expect(waited).toBeGreaterThan(0);
  expect(read.replaceAll('\r', '')).toBe(lines);
});

test('a file is written on, not over', () => {
  const path = join(dir, 'log');
  execFileSync('sh', ['-c', 'echo before > "$0"', path]);
  const fd = openSync(path, 'r+');
  readFileSync(fd);
  using stderr = new Stderr(false, fd);
  stderr.send(entryOf('info', 'a'));
  stderr.send(entryOf('info', 'b'));
  expect(readFileSync(path, 'utf8')).toBe('before\ninfo: a\ninfo: b\n');
  closeSync(fd);
});

test('where journald reads it, a line begins with its priority', () => {
  using pipe = openPipe();
  using stderr = new Stderr(true, pipe.write);
  stderr.send(entryOf('error', 'a'));
  expect(pipe.read()).toBe('<3>a\n');
});

test('a full device harms nobody', () => {
  const fd = openSync('/dev/full', 'w');
  using stderr = new Stderr(false, fd);
  expect(stderr.send(entryOf('info', 'a'))).toBe('never');
  closeSync(fd);
});

test('a descriptor that is closed harms nobody', () => {
  using pipe = openPipe();
  pipe.closeWriter();
  using stderr = new Stderr(false, pipe.write);
  expect(stderr.send(entryOf('info', 'a'))).toBe('never');
});

// A FIFO without a reader cannot be opened once more, and then the flags of the descriptor are all there is.
test('what cannot be opened once more makes nobody wait either', () => {
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  const first = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  closeSync(first);
  using stderr = new Stderr(false, fd);
  expect(stderr.send(entryOf('info', 'a'))).toBe('never');

  const second = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  expect(fill(stderr).length).toBeGreaterThan(10);
  closeSync(second);
  closeSync(fd);
});

test('who writes after the end writes to the descriptor itself', () => {
  using pipe = openPipe();
  const stderr = new Stderr(false, pipe.write);
  stderr[Symbol.dispose]();
  using taken = openPipe();
  expect(stderr.send(entryOf('info', 'a'))).toBe('sent');
  expect(pipe.read()).toBe('info: a\n');
  expect(taken.read()).toBe('');
});
