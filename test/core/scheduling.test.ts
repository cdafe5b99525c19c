import { expect, test } from 'vitest';
import { type Attributes, formerOf, ordinary } from '../../src/core/scheduling.ts';

const of = (attributes: Partial<Attributes>): Attributes => ({ ...ordinary, ...attributes });

const formers: readonly (readonly [title: string, before: Attributes, former: Attributes])[] = [
  ['an ordinary thread', ordinary, ordinary],
  ['a nice level', of({ nice: 7 }), of({ nice: 7 })],
  ['a nice level by its own right', of({ nice: -7 }), of({ nice: -7 })],
  ['batch', of({ policy: 'batch', nice: 3 }), of({ policy: 'batch', nice: 3 })],
  ['realtime by its own right', of({ policy: 'fifo', priority: 30 }), of({ policy: 'fifo', priority: 30 })],
  ['realtime that may be a grant', of({ policy: 'rr', priority: 20, resetOnFork: true }), ordinary],
  ['that, with a nice level', of({ policy: 'fifo', priority: 2, nice: 4, resetOnFork: true }), of({ nice: 4 })],
  ['a nice level that may be a grant', of({ nice: -11, resetOnFork: true }), of({ resetOnFork: true })],
  ['a mark on nothing', of({ nice: 5, resetOnFork: true }), of({ nice: 5, resetOnFork: true })],
  ['a deadline, of which there is more to know', of({ policy: 'deadline' }), ordinary],
  ['what nobody knows', of({ policy: 'unknown', nice: 2 }), of({ nice: 2 })],
];

for (const [title, before, former] of formers)
  test(`a thread goes back to ${title}`, () => expect(formerOf(before)).toEqual(former));
