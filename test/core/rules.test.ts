import { describe, expect, test } from 'vitest';
import { defaultLimits, type Limits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import { type Conditions, type Rule, type Subject, termsOf } from '../../src/core/rules.ts';
import type { Gid, Uid } from '../../src/core/thread.ts';

const user = (uid: number) => ({ user: uid as Uid });
const group = (gid: number) => ({ group: gid as Gid });

/** uid 1000 in groups 1000 and 29, an audio server below his own manager. */
const pipewire: Subject = {
  uid: 1000 as Uid,
  isInGroup: (gid) => [1000, 29].includes(gid),
  runs: (path) => path === '/usr/bin/pipewire',
  isInUnit: (of, name) =>
    ({
      unit: ['user@1000.service'],
      slice: ['user.slice', 'user-1000.slice'],
      userUnit: ['session.slice', 'pipewire.service'],
    })[of].includes(name),
};

const rule = (conditions: Conditions, limits: Rule['limits'], line = 1): Rule => ({
  conditions,
  limits,
  origin: `f:${line}`,
});
const five = { realtimePriorityMax: 5 };

const matches: ReadonlyArray<readonly [title: string, Conditions, applies: boolean]> = [
  ['his uid', user(1000), true],
  ["another's uid", user(1001), false],
  ['root', user(0), false],
  ['his first group', group(1000), true],
  ['a supplementary group of his', group(29), true],
  ["another's group", group(1001), false],
  ['his program', { executable: '/usr/bin/pipewire' }, true],
  ['another program', { executable: '/usr/bin/jackd' }, false],
  ['the unit it is in', { unit: 'user@1000.service' }, true],
  ['a unit of his own manager as one of the system', { unit: 'pipewire.service' }, false],
  ['a slice it is in', { slice: 'user.slice' }, true],
  ['the slice in that slice', { slice: 'user-1000.slice' }, true],
  ['a slice of his own manager as one of the system', { slice: 'session.slice' }, false],
  ['a unit of his own manager', { userUnit: 'pipewire.service' }, true],
  ['a slice of his own manager', { userUnit: 'session.slice' }, true],
  ['a unit of the system as one of his own', { userUnit: 'user@1000.service' }, false],
  ['all that is true of it', { ...user(1000), ...group(29), executable: '/usr/bin/pipewire' }, true],
  ['one thing that is true and one that is not', { ...user(1000), ...group(30) }, false],
];

for (const [title, conditions, applies] of matches)
  test(`a rule for ${title} ${applies ? 'applies' : 'does not apply'}`, () => {
    const { limits } = termsOf(pipewire, defaultLimits, [rule(conditions, five)]);
    expect(limits.realtimePriorityMax).toBe(applies ? 5 : 20);
  });

test('nothing is looked up for a rule that means another user', () => {
  const asked: string[] = [];
  const shy: Subject = {
    uid: 1000 as Uid,
    isInGroup: () => asked.push('group') > 0,
    runs: () => asked.push('program') > 0,
    isInUnit: () => asked.push('unit') > 0,
  };
  const all = { ...group(1), executable: '/x', unit: 'a.service', slice: 'a.slice', userUnit: 'b.service' };
  termsOf(shy, defaultLimits, [rule({ ...user(1), ...all }, five)]);
  expect(asked).toEqual([]);
});

describe('of several rules', () => {
  test('the last that sets a limit counts, limit by limit, and says where it stands', () => {
    const rules = [
      rule(user(1000), { realtimePriorityMax: 50, niceLevelMin: -19 }, 1),
      rule(group(29), { realtimePriorityMax: 7 }, 5),
      rule(group(30), { niceLevelMin: -1 }, 9),
    ];
    const terms = termsOf(pipewire, defaultLimits, rules);
    expect(terms.limits).toEqual({ ...defaultLimits, realtimePriorityMax: 7, niceLevelMin: -19 });
    expect(terms.rules).toEqual({ realtimePriorityMax: 'f:5', niceLevelMin: 'f:1' });
  });

  const refusing: ReadonlyArray<
    readonly [title: string, refuse: readonly (boolean | undefined)[], by: string | undefined]
  > = [
    ['one that refuses', [true], 'f:1'],
    ['the last that refuses', [true, true], 'f:2'],
    ['one that lifts it', [true, false], undefined],
    ['one that says nothing of it', [true, undefined], 'f:1'],
    ['one that refuses again', [true, false, true], 'f:3'],
    ['none', [undefined], undefined],
  ];
  for (const [title, refuse, by] of refusing)
    test(`who is refused is decided by ${title}`, () => {
      const rules = refuse.map((each, index) => ({
        ...rule(user(1000), {}, index + 1),
        ...(each !== undefined && { refuse: each }),
      }));
      expect(termsOf(pipewire, defaultLimits, rules).refusedBy).toBe(by);
    });
});

test('what a process may have falls with what its user may', () => {
  const { limits } = termsOf(pipewire, defaultLimits, [
    rule(user(1000), { realtimeThreadsPerUserMax: 3, highPriorityThreadsPerUserMax: 600 }),
  ]);
  expect(limits.realtimeThreadsPerProcessMax).toBe(3);
  expect(limits.highPriorityThreadsPerProcessMax).toBe(defaultLimits.highPriorityThreadsPerProcessMax);
});

describe('what was advertised', () => {
  const lowered: Limits = { ...defaultLimits, rttimeUsecMax: 100_000n, realtimePriorityMax: 10 };
  const bookOf = (limits: Limits, rules: readonly Rule[] = []) => {
    const book = new Rulebook(defaultLimits);
    book.replace(limits, rules);
    return book;
  };

  test('stays when limits change, which everybody else sees', () => {
    const book = bookOf(lowered);
    expect(book.advertised).toBe(defaultLimits);
    expect(book.limits).toBe(lowered);
  });

  test('goes on to be accepted as RLIMIT_RTTIME where it is advertised, and only that', () => {
    const book = bookOf(lowered);
    expect(book.termsOf(pipewire).limits).toEqual(lowered);
    expect(book.advertisedTermsOf(pipewire).limits).toEqual({ ...lowered, rttimeUsecMax: 200_000n });
  });

  test('takes nothing from a limit that was raised', () => {
    const raised = { ...defaultLimits, rttimeUsecMax: 300_000n };
    expect(bookOf(raised).advertisedTermsOf(pipewire).limits).toEqual(raised);
  });

  test('gives way to a rule', () => {
    const book = bookOf(lowered, [rule(user(1000), { rttimeUsecMax: 50_000n })]);
    expect(book.advertisedTermsOf(pipewire).limits.rttimeUsecMax).toBe(50_000n);
  });
});
