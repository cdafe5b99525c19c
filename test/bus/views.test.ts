import { describe, expect, test } from 'vitest';
import type { GrantView } from '../../src/broker.ts';
import { describeGrant, describeLimits, describePastGrant } from '../../src/bus/views.ts';
import type { Scheduling } from '../../src/core/scheduling.ts';
import { aView, FakeBroker } from './fake-broker.ts';

const told = (view: GrantView) => new Map(describeGrant(view));
const of = (scheduling: Scheduling, view: Partial<GrantView> = {}): GrantView => ({
  ...aView,
  ...view,
  grant: { ...aView.grant, scheduling },
});

describe('a grant is told', () => {
  test('whole, with the types of the design', () =>
    expect(describeGrant(aView)).toEqual([
      ['Uid', ['u', 1000]],
      ['Process', ['u', 4242]],
      ['Thread', ['u', 4243]],
      ['Comm', ['s', 'data-loop.0']],
      ['Program', ['s', '/usr/bin/pipewire']],
      ['Kind', ['s', 'realtime']],
      ['Policy', ['s', 'rr']],
      ['Priority', ['i', 5]],
      ['ActualPolicy', ['s', 'rr']],
      ['ActualPriority', ['i', 5]],
      ['State', ['s', 'active']],
      ['Reason', ['s', '']],
      ['OverLimit', ['s', '']],
      ['GrantedAtUSec', ['t', 1_700_000_000_000_000n]],
      ['CpuUSec', ['t', 77n]],
    ]));

  test('without what its thread does, when it is over', () =>
    expect(describePastGrant(aView.grant).map(([key]) => key)).toEqual([
      ...['Uid', 'Process', 'Thread', 'Comm', 'Program', 'Kind', 'Policy', 'Priority'],
      'GrantedAtUSec',
    ]));

  test('with its nice level instead of a priority when it is of high priority', () => {
    const view = told(of({ kind: 'high-priority', nice: -10 }));
    expect(view.get('Kind')).toEqual(['s', 'high-priority']);
    expect(view.get('Policy')).toEqual(['s', 'other']);
    expect(view.get('Nice')).toEqual(['i', -10]);
    expect(view.has('Priority')).toBe(false);
  });

  for (const [policy, priority, nice, level] of [
    ['rr', 5, -10, 5],
    ['fifo', 9, 0, 9],
    ['other', 0, -10, -10],
    ['batch', 0, 3, 3],
    ['deadline', 0, 0, 0],
  ] as const)
    test(`with what it runs as: ${level} under ${policy}`, () => {
      const view = told({ ...aView, actual: { policy, priority, nice, resetOnFork: true } });
      expect(view.get('ActualPolicy')).toEqual(['s', policy]);
      expect(view.get('ActualPriority')).toEqual(['i', level]);
    });

  test('with why it is not active', () => {
    const view = told({ ...aView, state: 'drifted', reason: 'changed-by-others' });
    expect(view.get('State')).toEqual(['s', 'drifted']);
    expect(view.get('Reason')).toEqual(['s', 'changed-by-others']);
  });

  const names: readonly (readonly [title: string, name: string, told: string])[] = [
    ['as it is', 'Web Content', 'Web Content'],
    ['in any language', 'пример 例 🎵', 'пример 例 🎵'],
    ['without what a terminal would obey', '\x1b]0;root\x07\x7f\x9b', '\ufffd]0;root\ufffd\ufffd\ufffd'],
    ['on one line', 'a\nb\r\u2028', 'a\ufffdb\ufffd\ufffd'],
    ['without a NUL, which no D-Bus string may hold', 'a\0b', 'a\ufffdb'],
    ['without half characters, which are no UTF-8', 'a\ud800b', 'a\ufffdb'],
  ];
  for (const [title, name, expected] of names)
    test(`with its name ${title}`, () => {
      const view = told({ ...aView, grant: { ...aView.grant, comm: name, program: name } });
      expect(view.get('Comm')).toEqual(['s', expected]);
      expect(view.get('Program')).toEqual(['s', expected]);
    });
});

test('limits are told with what is used of them', () => {
  const limits = new Map(describeLimits(new FakeBroker().limits()));
  expect(limits.get('RTTimeUSecMax')).toEqual(['x', 200_000n]);
  expect(limits.get('ProcessesUsed')).toEqual(['u', 1]);
  expect(limits.get('RealtimeThreadsUsed')).toEqual(['u', 2]);
  expect(limits.get('HighPriorityThreadsUsed')).toEqual(['u', 3]);
  expect(limits.get('BurstRequestsLeft')).toEqual(['u', 4]);
});
