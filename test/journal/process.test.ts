import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leadsToJournal } from '../../src/journal/journal.ts';
import { messageOf } from './datagram.ts';
import { openPipe, openSocketPair, Receiver } from './kernel.ts';

// What Node and the kernel do with fd 2 of a real process, bundled as the daemon is.

const modules = new URL('../../node_modules', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'process-'));
const bundle = join(dir, 'child.cjs');
afterAll(() => rmSync(dir, { recursive: true }));

beforeAll(async () => {
  await build({
    entryPoints: [new URL('child.ts', import.meta.url).pathname],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['koffi'],
    logLevel: 'error',
  });
});

interface Run {
  readonly target?: string;
  readonly socketPath?: string;
  readonly count?: number;
  readonly stderr: number | 'ignore';
  readonly stream?: string;
}

function start({ target = 'auto', socketPath = join(dir, 'none'), count = 1, stderr, stream }: Run): ChildProcess {
  return spawn(process.execPath, [bundle, target, socketPath, String(count)], {
    env: { NODE_PATH: modules, ...(stream === undefined ? {} : { JOURNAL_STREAM: stream }) },
    stdio: ['ignore', 'pipe', stderr],
  });
}

/** How it ended, and what it said on stdout: that, and 'alive', is what a daemon that waits or dies would not give. */
async function end(child: ChildProcess): Promise<readonly [code: number | null, signal: string | null, said: string]> {
  let said = '';
  child.stdout?.on('data', (data) => {
    said += data;
  });
  const [code, signal] = await once(child, 'close');
  return [code, signal, said];
}

const streamOf = (fd: number) => {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
};

for (const [kind, open] of [
  ['pipe', openPipe],
  ['socket', openSocketPair],
] as const) {
  test(`a process whose stderr is a full ${kind} lives, and ends when it wants to`, async () => {
    using ends = open();
    expect(await end(start({ count: 20_000, stderr: ends.write }))).toEqual([0, null, 'alive']);
    expect(ends.read()).toMatch(/^warning: line 0 \(RTBROKER_UID=1000\)\nwarning: line 1 /);
  });

  test(`a process whose stderr is a ${kind} that broke lives`, async () => {
    using ends = open();
    ends.closeReader();
    expect(await end(start({ count: 100, stderr: ends.write }))).toEqual([0, null, 'alive']);
  });
}

test('a process without a stderr lives', async () => {
  const command = ['-c', 'exec "$@" 2>&-', 'sh', process.execPath, bundle, 'auto', join(dir, 'none'), '100'];
  const child = spawn('sh', command, { env: { NODE_PATH: modules }, stdio: ['ignore', 'pipe', 'ignore'] });
  expect(await end(child)).toEqual([0, null, 'alive']);
});

async function lines(run: Omit<Run, 'stderr'>, stream: (fd: number) => string | undefined): Promise<string> {
  const path = join(dir, 'stderr');
  const fd = openSync(path, 'w');
  const own = stream(fd);
  await end(start({ ...run, stderr: fd, ...(own === undefined ? {} : { stream: own }) }));
  closeSync(fd);
  return readFileSync(path, 'utf8');
}

test('where stderr leads to the journal, the journal gets messages with their fields', async () => {
  const socketPath = join(dir, 'socket');
  using receiver = new Receiver(socketPath);
  expect(await lines({ socketPath }, streamOf)).toBe('');
  expect([...receiver.receiveAll()].map(messageOf)).toEqual(['line 0']);
});

test('and when it cannot be reached, stderr gets them as journald understands them', async () => {
  expect(await lines({}, streamOf)).toBe('<4>line 0 (RTBROKER_UID=1000)\n');
});

test('where stderr leads elsewhere by now, it gets lines for people', async () => {
  expect(await lines({}, () => '1:1')).toBe('warning: line 0 (RTBROKER_UID=1000)\n');
  expect(await lines({}, () => undefined)).toBe('warning: line 0 (RTBROKER_UID=1000)\n');
});

test('who names a target gets it', async () => {
  const socketPath = join(dir, 'named');
  using receiver = new Receiver(socketPath);
  expect(await lines({ socketPath, target: 'stderr' }, streamOf)).toBe('<4>line 0 (RTBROKER_UID=1000)\n');
  expect(await lines({ socketPath, target: 'journal' }, () => undefined)).toBe('');
  expect([...receiver.receiveAll()].map(messageOf)).toEqual(['line 0']);
});

const streams: ReadonlyArray<readonly [stream: (own: string) => string | undefined, leads: boolean]> = [
  [(own) => own, true],
  [() => undefined, false],
  [() => '', false],
  [(own) => `${own} `, false],
  [(own) => own.replace(':', ':0'), false],
  [(own) => own.split(':').reverse().join(':'), false],
];

test('JOURNAL_STREAM is believed only when it names the very stream', () => {
  using pipe = openPipe();
  for (const [stream, leads] of streams) expect(leadsToJournal(pipe.write, stream(streamOf(pipe.write)))).toBe(leads);
  pipe.closeWriter();
  expect(leadsToJournal(pipe.write, '1:1')).toBe(false);
});
