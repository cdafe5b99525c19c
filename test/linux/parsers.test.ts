import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCpuGroups, parseUnits } from '../../src/linux/cgroup.ts';
import { isInForeground } from '../../src/linux/foreground.ts';
import { parseRttime } from '../../src/linux/rlimits.ts';
import { parseRunUsec } from '../../src/linux/schedstat.ts';
import { hasEnded, parseStat } from '../../src/linux/stat.ts';
import { parseGroups, parseStatus } from '../../src/linux/status.ts';

/** A file as a real kernel wrote it. */
const captured = (name: string): string => readFileSync(join(import.meta.dirname, '../fixtures/proc', name), 'utf8');

test.each([
  ['without a terminal', -1, false],
  ['before a terminal', 4899, true],
  ['behind others', 4900, false],
])('a process %s', (_, foreground, expected) => {
  const fields = captured('stat').split(' ');
  fields[7] = `${foreground}`;
  expect(isInForeground(fields.join(' ').replace('(pipewire)', '(evil) R 1 1 1)'))).toBe(expected);
});

describe('stat', () => {
  const stats: ReadonlyArray<readonly [title: string, text: string, comm: string, state: string]> = [
    ['a plain name', captured('stat'), 'pipewire', 'R'],
    ['a name that closes the parenthesis early', captured('stat-evil'), 'evil) R 1 1 1', 'R'],
    ['a name of two lines', captured('stat-newline'), '(two\n) lines', 'R'],
    ['a name that is no UTF-8', captured('stat-not-utf8'), '\ufffd\ufffd\ufffd ok', 'S'],
    ['no name', captured('stat-nameless'), '', 'S'],
    ['a main thread that ended before the others', captured('stat-zombie'), '', 'Z'],
  ];
  for (const [title, text, comm, state] of stats) {
    test(title, () => expect(parseStat(text)).toMatchObject({ comm, state, starttime: 301241n, cpuUsec: 0n }));
  }

  test('the CPU time is that of user and system, in ticks of 10 ms', () => {
    const fields = captured('stat').split(' ');
    fields[13] = '7';
    fields[14] = '12';
    expect(parseStat(fields.join(' ')).cpuUsec).toBe(190_000n);
  });

  test('a start time beyond 2^53 stays exact', () => {
    const text = captured('stat').replace('301241', '18446744073709551615');
    expect(parseStat(text).starttime).toBe(18446744073709551615n);
  });

  test('zombies and the dead have ended, sleepers have not', () => {
    expect(['Z', 'X'].map((state) => hasEnded({ state }))).toEqual([true, true]);
    expect(['R', 'S', 'D', 'T', 't', 'I', 'P'].some((state) => hasEnded({ state }))).toBe(false);
  });

  const garbage: ReadonlyArray<readonly [title: string, text: string]> = [
    ['nothing', ''],
    ['a line feed', '\n'],
    ['a name and no more', '4967 (pipewire)'],
    ['no parenthesis', captured('stat').replaceAll(/[()]/g, '')],
    ['no pid', captured('stat').replace(/^\d+ /, '')],
    ['4 KiB of parentheses', ')('.repeat(2048)],
    ['4 KiB of zeros', '\0'.repeat(4096)],
    ['cut before the start time', captured('stat').split(' ').slice(0, 21).join(' ')],
    ['a start time that is no number', captured('stat').replace('301241', '-1')],
    ['a start time of a thousand digits', captured('stat').replace('301241', '1'.repeat(1000))],
    ['a state of two letters', captured('stat').replace(' R ', ' RR ')],
    ['a status', captured('status')],
  ];
  for (const [title, text] of garbage) {
    test(`refuses ${title}`, () => expect(() => parseStat(text)).toThrow('not a stat of /proc'));
  }

  test('what is refused is quoted in part only', () => {
    expect(() => parseStat('x'.repeat(100_000))).toThrow(/^.{1,300}$/);
  });
});

describe('status', () => {
  test('of a process', () => {
    expect(parseStatus(captured('status'))).toEqual({
      state: 'R',
      tgid: 4967,
      uids: [1000, 1000, 1000, 1000],
      threads: 1,
      nspid: [4967],
    });
  });

  test('of a thread: Tgid is its process, NSpid its own', () => {
    expect(parseStatus(captured('thread-status'))).toMatchObject({ tgid: 4967, nspid: [4968] });
  });

  test('of a thread two PID namespaces down: NSpid is told from NStgid', () => {
    expect(parseStatus(captured('thread-status-namespaced'))).toMatchObject({ tgid: 4975, nspid: [4980, 3, 2] });
    expect(parseStatus(captured('status-namespaced'))).toMatchObject({ tgid: 4975, nspid: [4975, 2, 1] });
  });

  test('of a process that kept root as its saved uid', () => {
    expect(parseStatus(captured('status-saved-root')).uids).toEqual([1000, 1000, 0, 1000]);
  });

  test('of a process whose main thread ended before the others', () => {
    expect(parseStatus(captured('status-zombie'))).toMatchObject({ state: 'Z', threads: 3, tgid: 4967 });
  });

  test('a name cannot add a line', () => {
    expect(parseStatus(captured('status-evil')).tgid).toBe(4967);
    expect(parseStatus(captured('status-newline')).tgid).toBe(4967);
  });

  test('as many groups as Linux allows', () => {
    const groups = Array.from({ length: 65_536 }, (_, index) => 4_294_900_000 + index).join(' ');
    const text = captured('status-namespaced').replace(/^Groups:.*$/m, `Groups:\t${groups} `);
    expect(parseStatus(text).nspid).toEqual([4975, 2, 1]);
  });

  test('a kernel without PID namespaces has no NSpid', () => {
    expect(parseStatus(captured('status').replace(/^NSpid:.*\n/m, '')).nspid).toEqual([]);
  });

  const garbage: ReadonlyArray<readonly [title: string, text: string]> = [
    ['nothing', ''],
    ['4 KiB of nothing', '\n'.repeat(4096)],
    ['cut after the name', captured('status').slice(0, 16)],
    ['cut within the uids', captured('status').slice(0, captured('status').indexOf('Uid:') + 14)],
    ['three uids', captured('status').replace('Uid:\t1000\t', 'Uid:\t')],
    ['a uid that is no number', captured('status').replace('Uid:\t1000', 'Uid:\t1e3')],
    ['a negative uid', captured('status').replace('Uid:\t1000', 'Uid:\t-1')],
    ['no Tgid', captured('status').replace('Tgid:', 'Tgod:')],
    [
      'a Tgid in the name only',
      captured('status')
        .replace(/^Tgid:.*\n/m, '')
        .replace('pipewire', 'x Tgid:\t1'),
    ],
    ['a stat', captured('stat')],
  ];
  for (const [title, text] of garbage) {
    test(`refuses ${title}`, () => expect(() => parseStatus(text)).toThrow('not a status of /proc'));
  }
});

describe('groups', () => {
  const groups = (text: string) => parseGroups(captured('status').replace(/^Groups:.*$/m, text));

  test('are all four gids, and the supplementary ones', () => {
    expect(groups('Groups:\t')).toEqual([1000, 1000, 1000, 1000]);
    expect(groups('Groups:\t4 29 1000 ')).toEqual([1000, 1000, 1000, 1000, 4, 29, 1000]);
  });

  test('as many as Linux allows', () => {
    const many = Array.from({ length: 65_536 }, (_, index) => 4_294_900_000 + index);
    expect(groups(`Groups:\t${many.join(' ')} `).at(-1)).toBe(4_294_965_535);
  });

  test('cannot be added to by a name', () => {
    const text = captured('status').replace(/^Name:.*$/m, 'Name:\tx\\nGroups:\t29');
    expect(parseGroups(text)).not.toContain(29);
  });
});

describe('limits', () => {
  const unlimited = captured('limits-unlimited');
  const limits: ReadonlyArray<readonly [title: string, text: string, hard: bigint | 'unlimited']> = [
    ['unlimited', unlimited, 'unlimited'],
    ['a number', captured('limits-200ms'), 200_000n],
    ['a soft limit the kernel raised above the hard one', captured('limits-soft-above-hard'), 200_000n],
    ['a soft limit alone', unlimited.replace('timeout      unlimited', 'timeout      100000   '), 'unlimited'],
    ['zero', captured('limits-200ms').replace('200000', '0     '), 0n],
    ['more than 2^53', captured('limits-200ms').replace('200000 ', '18446744073709551614'), 18446744073709551614n],
  ];
  for (const [title, text, hard] of limits) test(title, () => expect(parseRttime(text)).toBe(hard));

  const garbage: ReadonlyArray<readonly [title: string, text: string]> = [
    ['nothing', ''],
    ['no such line', unlimited.replace('realtime timeout', 'realtime timeouts')],
    ['a line cut before the hard limit', unlimited.slice(0, unlimited.indexOf('Max realtime timeout') + 36)],
    ['a hard limit that is no number', captured('limits-200ms').replace('200000', '0x1000')],
    ['a negative hard limit', captured('limits-200ms').replace(' 200000', ' -20000')],
    ['milliseconds', captured('limits-200ms').replace(/ us *$/m, ' ms')],
  ];
  for (const [title, text] of garbage) {
    test(`refuses ${title}`, () => expect(() => parseRttime(text)).toThrow('no realtime timeout'));
  }
});

describe('schedstat', () => {
  test('the first number is the time run, in nanoseconds', () => {
    expect(parseRunUsec(captured('thread-schedstat'))).toBe(7n);
    expect(parseRunUsec('123456789012345 7066 1\n')).toBe(123456789012n);
  });
  for (const text of ['', '1', '1 2', 'a b c', '-1 2 3'])
    test(`refuses '${text}'`, () => expect(() => parseRunUsec(text)).toThrow('not a schedstat'));
});

describe('cgroup', () => {
  test('the cpu controller, by its mount of its own or the shared one', () => {
    expect(parseCpuGroups('9:name=systemd:/x\n4:cpu,cpuacct:/user.slice\n2:cpuset:/y\n0::/\n')).toEqual([
      'cpu,cpuacct/user.slice',
      'cpu/user.slice',
    ]);
  });
  test('none where only version 2 is mounted', () => expect(parseCpuGroups('0::/user.slice\n')).toEqual([]));
  test('none in garbage', () => expect(parseCpuGroups('cpu\n::\n1:cpu\n')).toEqual([]));
});

describe('units', () => {
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  const none = { unit: undefined, slices: [], userUnits: [] };
  const table: ReadonlyArray<readonly [title: string, path: string, units: Partial<ReturnType<typeof parseUnits>>]> = [
    ['a service', '/system.slice/foo.service', { unit: 'foo.service', slices: ['system.slice'] }],
    ['what a service makes below itself', '/system.slice/foo.service/bar.service', { unit: 'foo.service' }],
    ['slices in slices', '/a.slice/a-b.slice/c@1.service', { unit: 'c@1.service', slices: ['a.slice', 'a-b.slice'] }],
    ['a unit without a slice', '/init.scope', { unit: 'init.scope' }],
    ['a session', '/user.slice/user-1000.slice/session-2.scope', { unit: 'session-2.scope', userUnits: [] }],
    ['what a session makes below itself', '/user.slice/session-2.scope/foo.service', { userUnits: [] }],
    [
      "a unit of the user's own",
      `${manager}/app.slice/app-x.slice/pipewire.service`,
      { unit: 'user@1000.service', userUnits: ['app.slice', 'app-x.slice', 'pipewire.service'] },
    ],
    [
      "what a user's unit makes below itself",
      `${manager}/a.service/system.slice/b.service`,
      { slices: ['user.slice', 'user-1000.slice'], userUnits: ['a.service'] },
    ],
    ['a name that is no unit', `${manager}/app.slice/made/up.service`, { userUnits: ['app.slice'] }],
    ['a service that only looks like a manager', '/system.slice/user@x.service/a.service', { userUnits: [] }],
    ['a name that systemd had to escape', '/system.slice/_cgroup.service', { unit: 'cgroup.service' }],
    ['no unit', '/lxc/box', none],
    ['a name that is but an ending', '/.service', none],
    ['outside of what we see', '/../other.service', none],
  ];
  for (const [title, path, units] of table)
    test(title, () => {
      expect(parseUnits(`0::${path}\n`)).toMatchObject(units);
      expect(parseUnits(`9:name=systemd:${path}\n1:cpu:/other.service\n0::/\n`)).toMatchObject(units);
    });

  test('none at the root, in version 1 without systemd, and in garbage', () => {
    for (const text of ['0::/\n', '1:cpu:/foo.service\n', 'foo.service', '', '0::foo.service\n'])
      expect(parseUnits(text)).toEqual(none);
  });
});
