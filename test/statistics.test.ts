import { expect, test } from 'vitest';
import type { Attributes } from '../src/core/scheduling.ts';
import { Tally } from '../src/core/statistics.ts';
import { mainThread } from './contracts/stage.ts';
import { House, nice, rr } from './house.ts';

const normal: Attributes = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };

test('a tally counts words, and says them in their order', () => {
  const tally = new Tally();
  for (const word of ['b', 'a', 'b']) tally.add(word);
  expect(tally.counts).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
});

test('what happens is counted by its words', async () => {
  const house = new House();
  const { statistics } = house.broker;
  const pid = house.spawn();
  const [main, worker] = [mainThread(pid), house.world.addThread(pid)];
  for (const scheduling of [rr(10), nice(-5), rr(99)]) await house.ask(pid, main, scheduling);
  for (const priority of [10, 0, 50]) await house.ask(pid, worker, rr(priority));
  expect(statistics.grants.counts).toEqual([
    ['high-priority', 1],
    ['realtime', 2],
  ]);
  expect(statistics.refusals.counts).toEqual([
    ['invalid-priority', 1],
    ['priority-above-limit', 2],
  ]);

  house.world.letRunAs(worker, normal);
  house.watchdog.onEvent({ kind: 'starved', cpu: 1, reason: 'silence', lateUsec: 310_000 });
  house.watchdog.demoted(house.world.thread(worker));
  await house.clock.advance(30_000);
  house.world.letRunAs(worker, normal);
  await house.clock.advance(10_000);
  await house.ask(pid, main, nice(0));
  expect([statistics.demotions.counts, statistics.restorations]).toEqual([[['silence', 1]], 1]);
  expect([statistics.starvations, statistics.drifts.counts]).toEqual([1, [['changed-by-others', 1]]]);
  expect(statistics.removals.counts).toEqual([['given-back', 1]]);
  expect(statistics.sinceUsec).toBe(1_700_001_000_000_000n);
});

test('what is only explained is not counted', async () => {
  const house = new House();
  const pid = house.spawn();
  await house.broker.explain(house.world.caller(pid), { process: BigInt(pid), thread: 0n }, rr(99));
  expect(house.broker.statistics.refusals.counts).toEqual([]);
});
