import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journalOn } from '../../src/journal/journal.ts';
import { Journald } from '../../src/journal/journald.ts';

// A real journald, in a mount namespace of its own: it writes to a /run nobody else sees, and leaves kernel and audit alone.

const program = '/lib/systemd/systemd-journald';
const missing = [
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...(existsSync(program) ? [] : [program]),
  ...(existsSync('/usr/bin/journalctl') ? [] : ['journalctl']),
];

const room = `
  set -e
  for folder in /run /var/log /etc/systemd; do mount -t tmpfs tmpfs $folder; done
  mkdir /run/systemd
  printf '%s\\n' '[Journal]' Storage=volatile Audit=no ReadKMsg=no RateLimitBurst=0 >/etc/systemd/journald.conf
  exec ${program}
`;

let journald: ChildProcess;
const inRoom = (path: string) => `/proc/${journald.pid}/root${path}`;
const socketPath = () => inRoom('/run/systemd/journal/socket');

async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; !happened(); tries++) {
    if (tries === 400) throw new Error('waited 20 s in vain');
    await pause(50);
  }
}

/** What journalctl finds, as it gives it to machines. A value with bytes no terminal should see comes as an array of them. */
function found(): ReadonlyArray<Readonly<Record<string, unknown>>> {
  execFileSync('nsenter', ['-t', String(journald.pid), '-m', 'journalctl', '--sync']);
  const directory = inRoom('/run/log/journal');
  const match = ['SYSLOG_IDENTIFIER=realtime-brokerd'];
  const json = execFileSync('journalctl', ['-D', directory, '-o', 'json', '--all', ...match], { encoding: 'utf8' });
  return json
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const title =
  missing.length === 0 ? 'the real journald' : `the real journald: left out, without ${missing.join(' and ')}`;

describe.skipIf(missing.length > 0)(title, { timeout: 30_000 }, () => {
  beforeAll(async () => {
    journald = spawn('unshare', ['-m', 'sh', '-c', room], { stdio: ['ignore', 'ignore', 'inherit'] });
    await until(() => journald.exitCode !== null || existsSync(socketPath()));
    expect(journald.exitCode, 'journald ended').toBeNull();
  }, 30_000);

  afterAll(async () => {
    journald.kill('SIGKILL');
    await once(journald, 'exit');
  });

  test('understands every field, and no forged one', () => {
    using journal = journalOn(new Journald(socketPath()), 'info');
    const comm = 'x\nRTBROKER_UID=0\nPRIORITY=0\nMESSAGE=forged';
    journal.warning('Refused.', { uid: 1000, pid: 20, tid: 21, comm, program: '/opt/ä b', reason: 'burst' });
    expect(found()).toHaveLength(1);
    expect(found()[0]).toMatchObject({
      MESSAGE: 'Refused.',
      PRIORITY: '4',
      SYSLOG_FACILITY: '3',
      RTBROKER_UID: '1000',
      RTBROKER_PID: '20',
      RTBROKER_TID: '21',
      RTBROKER_COMM: comm,
      RTBROKER_PROGRAM: '/opt/ä b',
      RTBROKER_REASON: 'burst',
      _TRANSPORT: 'journal',
    });
  });

  test('stopped, makes nobody wait; continued, gets everything in order', async () => {
    using journal = journalOn(new Journald(socketPath()), 'info');
    const before = found().length;
    const sent = Array.from({ length: 1000 }, (_, index) => `while stopped ${index}`);
    journald.kill('SIGSTOP');
    for (const text of sent) journal.info(text);
    journald.kill('SIGCONT');

    await until(() => found().length >= before + 1000);
    expect(
      found()
        .slice(before)
        .map(({ MESSAGE }) => MESSAGE),
    ).toEqual(sent);
  });
});
