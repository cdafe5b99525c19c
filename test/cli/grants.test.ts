import { describe, expect, test } from 'vitest';
import { type GrantRow, grantJson, readGrant } from '../../src/cli/grant.ts';
import { grantTable } from '../../src/cli/grant-table.ts';
import { toJson } from '../../src/cli/report.ts';
import type { Screen } from '../../src/cli/screen.ts';
import type { Running } from '../../src/cli/threads.ts';
import { Usage } from '../../src/cli/usage.ts';
import { Users } from '../../src/cli/users.ts';

const wall: Screen = { terminal: true, colour: true, utf8: true, columns: 80 };
const users = new Users('/nonexistent');

const grant = (more: object = {}): GrantRow =>
  readGrant(
    Object.entries({
      Uid: 1000,
      Process: 20,
      Thread: 21,
      Comm: 'pipewire',
      Program: '/usr/bin/pipewire',
      Kind: 'realtime',
      Policy: 'rr',
      Priority: 20,
      ActualPolicy: 'rr',
      ActualPriority: 20,
      State: 'active',
      Reason: '',
      GrantedAtUSec: 1n,
      CpuUSec: 0n,
      ...more,
    }),
  );

describe('names of threads and programs', () => {
  const evil = '\x1b]0;owned\x07\u202egnp.exe\u009b2J\n\r\t';

  test.each([
    [wall],
    [{ ...wall, utf8: false }],
    [{ ...wall, columns: 20 }],
    [{ terminal: false, colour: false, utf8: true, columns: Number.POSITIVE_INFINITY }],
  ] as const)('have no power over a terminal', (screen) => {
    const lines = grantTable([grant({ Comm: evil, State: evil, Reason: evil })], users, screen);
    const colours = new RegExp(`${'\x1b'}\\[\\d*m`, 'g');
    for (const line of lines) expect(line.replaceAll(colours, '').replaceAll('\t', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('have none in JSON, and are not changed by it', () => {
    const text = toJson(grantJson(grant({ Comm: evil, Program: '\ue000\u{e0001}' }), users));
    expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(text)).toMatchObject({ comm: evil, program: '\ue000\u{e0001}' });
  });
});

test('what runs otherwise, or over a limit, is seen', () => {
  const plain = { ...wall, colour: false };
  const [, first] = grantTable(
    [grant({ ActualPolicy: 'other', ActualPriority: 0, State: 'drifted', Reason: 'left' })],
    users,
    plain,
  );
  expect(first).toMatch(/rr 20 +other 0 +drifted \(left\)/);
  const [, second] = grantTable([grant({ OverLimit: 'priority-above-limit' })], users, plain);
  expect(second).toMatch(/active, priority-a/);
});

test('users without a name go by their number', () => {
  expect(users.show(4_000_000)).toBe('4000000');
  expect(users.find('4000000')).toBe(4_000_000);
  expect(() => users.find('nobody')).toThrow(/no user 'nobody'/);
});

describe('what is used between two looks', () => {
  const running = (sleeps: number, rttimeUsec: Running['rttimeUsec'] = 200_000n): Running => ({
    uid: 1000,
    comm: '',
    program: '',
    state: 'S',
    policy: 'rr',
    level: 20,
    sleeps,
    rttimeUsec,
  });

  /** Looks a second apart: CPU time used until then, in ms, and sleeps until then. */
  const seen = (looks: readonly (readonly [cpuMsec: number, now: Running | undefined])[], more: object = {}) => {
    const usage = new Usage();
    const uses = looks.map(([cpuMsec, now], second) => {
      const grants = [grant({ CpuUSec: BigInt(cpuMsec * 1000), ...more })];
      return usage.look(grants, { look: () => now }, second * 1000)[0];
    });
    const last = uses.at(-1);
    return [last?.cpu, last?.rttime];
  };

  test.each([
    ['nothing is known at the first look', [[50, running(0)]], [undefined, undefined]],
    [
      'a thread that sleeps uses a part',
      [
        [0, running(0)],
        [100, running(10)],
      ],
      [0.1, 0.05],
    ],
    [
      'one that does not comes nearer',
      [
        [0, running(0)],
        [100, running(0)],
      ],
      [0.1, 0.5],
    ],
    [
      'and nearer',
      [
        [0, running(0)],
        [100, running(0)],
        [150, running(0)],
      ],
      [0.05, 0.75],
    ],
    [
      'until it sleeps',
      [
        [0, running(0)],
        [100, running(0)],
        [150, running(5)],
      ],
      [0.05, 0.05],
    ],
    [
      'without a limit there is no share of it',
      [
        [0, running(0)],
        [100, running(1, 'unlimited')],
      ],
      [0.1, undefined],
    ],
    [
      'nor if nobody may look',
      [
        [0, undefined],
        [100, undefined],
      ],
      [0.1, undefined],
    ],
  ] as const)('%s', (_, looks, expected) => {
    const shares = seen(looks);
    for (const [index, share] of expected.entries())
      if (share === undefined) expect(shares[index]).toBeUndefined();
      else expect(shares[index]).toBeCloseTo(share, 6);
  });

  test('nice threads have no RTTIME', () => {
    const nice = { Kind: 'high-priority', Priority: undefined, Nice: -5 };
    expect(
      seen(
        [
          [0, running(0)],
          [100, running(1)],
        ],
        nice,
      ),
    ).toEqual([0.1, undefined]);
  });

  test('a thread that is granted anew is another one', () => {
    const usage = new Usage();
    const threads = { look: () => running(0) };
    usage.look([grant({ CpuUSec: 100_000n })], threads, 0);
    expect(usage.look([grant({ CpuUSec: 0n, GrantedAtUSec: 2n })], threads, 1000)[0]?.cpu).toBeUndefined();
  });
});
