import { describe, expect, test } from 'vitest';
import { excessOf, judge, type Rttime, type Situation } from '../../src/core/judge.ts';
import { defaultLimits, type Limits } from '../../src/core/limits.ts';
import { plainTerms, type Terms } from '../../src/core/rules.ts';
import type { Scheduling } from '../../src/core/scheduling.ts';
import { aThread } from './threads.ts';

const nobodyYet: Situation = {
  hasPlace: false,
  userThreads: 0,
  processThreads: 0,
  processes: 0,
  knownProcess: false,
  users: 0,
  knownUser: false,
  coolingMsec: 0,
  suspended: false,
};
const realtime = (priority: number): Scheduling => ({ kind: 'realtime', priority });
const nice = (level: number): Scheduling => ({ kind: 'high-priority', nice: level });
const fit = 200_000n;

type Row = readonly [
  title: string,
  Scheduling,
  Rttime,
  situation: Partial<Situation>,
  outcome: string,
  Partial<Limits>?,
];

const table: readonly Row[] = [
  ['grants the lowest priority', realtime(1), fit, {}, 'granted'],
  ['grants the ceiling itself', realtime(20), fit, {}, 'granted'],
  ['refuses one above the ceiling', realtime(21), fit, {}, 'priority-above-limit'],
  ['refuses the highest priority Linux has', realtime(99), fit, {}, 'priority-above-limit'],
  ['refuses priority 0', realtime(0), fit, {}, 'invalid-priority'],
  ['refuses a priority no Linux has', realtime(100), fit, {}, 'invalid-priority'],
  ['refuses the largest priority the bus can carry', realtime(4294967295), fit, {}, 'invalid-priority'],

  ['grants the lowest nice level allowed', nice(-15), 'unread', {}, 'granted'],
  ['refuses one below it', nice(-16), 'unread', {}, 'nice-below-limit'],
  ['grants a positive nice level', nice(19), 'unread', {}, 'granted'],
  ['refuses nice 20', nice(20), 'unread', {}, 'invalid-priority'],
  ['refuses nice -21', nice(-21), 'unread', {}, 'invalid-priority'],
  ['needs no RLIMIT_RTTIME for nice', nice(-11), 'unlimited', {}, 'granted'],

  ['does not judge a limit it has not read yet', realtime(10), 'unread', {}, 'granted'],
  ['refuses a thread free to spin', realtime(10), 'unlimited', {}, 'rttime-unset'],
  ['refuses one that may spin too long', realtime(10), 200_001n, {}, 'rttime-above-limit'],
  ['grants the shortest life it calls one', realtime(10), 10_000n, {}, 'granted'],
  ['refuses one the kernel would kill', realtime(10), 9_999n, {}, 'rttime-too-low'],
  ['refuses one the kernel would kill at once', realtime(10), 0n, {}, 'rttime-too-low'],

  ['grants the last realtime place of a user', realtime(10), fit, { userThreads: 127 }, 'granted'],
  ['refuses the place after the last', realtime(10), fit, { userThreads: 128 }, 'thread-limit of user'],
  ['counts nice threads apart', nice(-11), 'unread', { userThreads: 128 }, 'granted'],
  ['refuses the nice place after the last', nice(-11), 'unread', { userThreads: 512 }, 'thread-limit of user'],
  ['grants again what the thread has', realtime(5), fit, { userThreads: 128, hasPlace: true }, 'granted'],
  ['asks no place for who gives back', nice(0), 'unread', { userThreads: 512 }, 'granted'],
  [
    'refuses the place after the last of a process',
    realtime(10),
    fit,
    { userThreads: 4, processThreads: 4 },
    'thread-limit of process',
    { realtimeThreadsPerProcessMax: 4 },
  ],
  ['grants the last process of a user', realtime(10), fit, { processes: 63 }, 'granted'],
  ['refuses the process after the last', realtime(10), fit, { processes: 64 }, 'process-limit'],
  ['grants more to a process it knows', realtime(10), fit, { processes: 64, knownProcess: true }, 'granted'],
  ['grants the last user', realtime(10), fit, { users: 2047 }, 'granted'],
  ['refuses the user after the last', realtime(10), fit, { users: 2048 }, 'user-limit'],
  ['refuses an offender while it cools down', realtime(10), fit, { coolingMsec: 1 }, 'cooling-down'],
  ['refuses it nice, too', nice(-11), 'unread', { coolingMsec: 30_000 }, 'cooling-down'],
  ['lets it give back', nice(0), 'unread', { coolingMsec: 30_000 }, 'granted'],
  ['refuses while all grants are suspended', realtime(10), fit, { suspended: true, hasPlace: true }, 'suspended'],
  ['lets one give back then, too', nice(0), 'unread', { suspended: true }, 'granted'],
  ['says first what can never be', realtime(21), fit, { suspended: true }, 'priority-above-limit'],
  ['grants more to a user it knows', realtime(10), fit, { users: 2048, knownUser: true }, 'granted'],
];

for (const [title, scheduling, rttime, situation, outcome, limits] of table) {
  test(title, () => {
    const request = { thread: aThread(), scheduling, rttime };
    const refusal = judge(request, { ...nobodyYet, ...situation }, plainTerms({ ...defaultLimits, ...limits }));
    const said = refusal === undefined ? 'granted' : refusal.reason + ('of' in refusal ? ` of ${refusal.of}` : '');
    expect(said).toBe(outcome);
  });
}

describe('whom a rule refuses', () => {
  const terms: Terms = { ...plainTerms(defaultLimits), refusedBy: 'f:3' };
  const ask = (scheduling: Scheduling, situation = nobodyYet) =>
    judge({ thread: aThread(), scheduling, rttime: fit }, situation, terms)?.reason;

  test('is granted nothing', () => {
    expect(ask(realtime(1))).toBe('refused-by-rule');
    expect(ask(nice(-1))).toBe('refused-by-rule');
    expect(ask(realtime(1), { ...nobodyYet, hasPlace: true })).toBe('refused-by-rule');
  });

  test('may give back', () => expect(ask(nice(0))).toBeUndefined());

  test('hears first of what no Linux has', () => expect(ask(realtime(100))).toBe('invalid-priority'));
});

test('a refusal knows the rule that set its limit', () => {
  const terms: Terms = { limits: { ...defaultLimits, realtimePriorityMax: 5 }, rules: { realtimePriorityMax: 'f:3' } };
  expect(judge({ thread: aThread(), scheduling: realtime(6), rttime: fit }, nobodyYet, terms)).toEqual({
    reason: 'priority-above-limit',
    priority: 6,
    max: 5,
    rule: 'f:3',
  });
});

describe('a grant', () => {
  /** All that there is is this one. */
  const alone = {
    ...nobodyYet,
    hasPlace: true,
    userThreads: 1,
    processThreads: 1,
    processes: 1,
    knownProcess: true,
    users: 1,
    knownUser: true,
  };
  const grants: ReadonlyArray<readonly [title: string, Scheduling, Partial<Limits>, Partial<Situation>, string?]> = [
    ['within all limits is above none', realtime(20), {}, {}],
    ['is above the priority that was lowered', realtime(20), { realtimePriorityMax: 19 }, {}, 'priority-above-limit'],
    ['is below the nice level that was raised', nice(-15), { niceLevelMin: -14 }, {}, 'nice-below-limit'],
    ['is one of as many as there may be', realtime(1), { realtimeThreadsPerUserMax: 3 }, { userThreads: 3 }],
    ['is one of too many', realtime(1), { realtimeThreadsPerUserMax: 2 }, { userThreads: 3 }, 'thread-limit'],
    ['is not above limits of the other kind', realtime(1), { highPriorityThreadsPerUserMax: 0 }, {}],
    ['is in one of as many processes as there may be', realtime(1), { processesPerUserMax: 3 }, { processes: 3 }],
    ['is in one process of too many', realtime(1), { processesPerUserMax: 2 }, { processes: 3 }, 'process-limit'],
    ['is of one user of too many', realtime(1), { usersMax: 2 }, { users: 3 }, 'user-limit'],
    ['is not held against RLIMIT_RTTIME', realtime(1), { rttimeUsecMax: 10_000n }, {}],
  ];
  for (const [title, scheduling, limits, situation, excess] of grants)
    test(title, () => {
      const request = { thread: aThread(), scheduling, rttime: fit };
      const terms = plainTerms({ ...defaultLimits, ...limits });
      expect(excessOf(request, { ...alone, ...situation }, terms)).toBe(excess);
    });

  test('of whom a rule refuses by now is above that', () => {
    const request = { thread: aThread(), scheduling: realtime(1), rttime: fit };
    expect(excessOf(request, alone, { ...plainTerms(defaultLimits), refusedBy: 'f:3' })).toBe('refused-by-rule');
  });
});
