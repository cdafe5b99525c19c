import { expect, test } from 'vitest';
import { describeActual, driftOf } from '../../src/core/drift.ts';
import { type Attributes, ordinary, type Scheduling } from '../../src/core/scheduling.ts';

const rr = (priority: number): Scheduling => ({ kind: 'realtime', priority });
const nice = (level: number): Scheduling => ({ kind: 'high-priority', nice: level });
/** As a thread runs that has the mark of a grant, and as one runs that has it not. */
const marked = (attributes: Partial<Attributes>): Attributes => ({ ...ordinary, resetOnFork: true, ...attributes });
const bare = (attributes: Partial<Attributes>): Attributes => ({ ...ordinary, ...attributes });

const rows: readonly (readonly [title: string, granted: Scheduling, actual: Attributes, drift: string | undefined])[] =
  [
    ['as granted', rr(10), marked({ policy: 'rr', priority: 10 }), undefined],
    ['as granted, above some nice level', rr(10), marked({ policy: 'rr', priority: 10, nice: -11 }), undefined],
    ['with the nice level that was granted', nice(-11), marked({ nice: -11 }), undefined],
    ['made ordinary by its owner', rr(10), marked({}), 'left'],
    ['made batch by its owner', rr(10), marked({ policy: 'batch', nice: 3 }), 'left'],
    ['made ordinary by others', rr(10), bare({}), 'changed-by-others'],
    ['made realtime otherwise by others', rr(10), bare({ policy: 'fifo', priority: 10 }), 'changed-by-others'],
    ['with a lower priority, by its owner', rr(10), marked({ policy: 'rr', priority: 9 }), 'lowered'],
    ['as FIFO, by its owner', rr(10), marked({ policy: 'fifo', priority: 10 }), 'lowered'],
    ['with a higher priority', rr(10), marked({ policy: 'rr', priority: 11 }), 'changed-by-others'],
    ['back at a nice level it was given before', rr(10), marked({ nice: -11 }), 'lowered'],
    ['with a higher nice level', nice(-11), marked({ nice: -5 }), 'lowered'],
    ['with a nice level that is none, by whomsoever', nice(-11), marked({ nice: 0 }), 'lowered'],
    ['with a lower nice level than granted', nice(-5), marked({ nice: -11 }), 'lowered'],
    ['with a nice level, and chrt was there', nice(-11), bare({ nice: -11 }), 'changed-by-others'],
    ['realtime by its own right', nice(-11), marked({ policy: 'rr', priority: 5 }), 'changed-by-others'],
    ['under a sched_ext scheduler by its own will', nice(-11), bare({ policy: 'ext', nice: -11 }), 'changed-by-others'],
  ];
for (const [title, granted, actual, drift] of rows)
  test(`a thread ${title}: ${drift ?? 'none'}`, () => expect(driftOf(actual, granted)).toBe(drift));

test('what a thread runs as is said shortly', () => {
  expect(describeActual(marked({ policy: 'rr', priority: 9, nice: -3 }))).toBe('rr 9');
  expect(describeActual(bare({ policy: 'batch', nice: 5 }))).toBe('batch 5');
});
