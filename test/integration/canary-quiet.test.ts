import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { player } from '../rig/load.ts';
import { ask, highPriority } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import { between, switchesOf } from '../rig/wakeups.ts';

// `QUIET_SEC=60` watches longer.
const seconds = Number(process.env.QUIET_SEC ?? 3);
const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({}, { alone: true });
}, 600_000);
afterEach(() => stage.clear());
afterAll(() => stage.stop());

type Counts = Record<string, number>;
const sum = (counts: Counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/**
 * How often which threads of the broker ran while nobody asked anything of it. V8 tidies up at times of its own after
 * work: so the quietest of three looks counts; what comes again and again is seen in each.
 */
async function wakeups(title: string, allowedPerSec: number): Promise<Counts> {
  const looks: Counts[] = [];
  for (let i = 0; i < 3; i++) {
    if (i === 0) await pause(600);
    const before = switchesOf(stage.broker.pid);
    await pause(seconds * 1000);
    looks.push(between(before, switchesOf(stage.broker.pid)));
    if (sum(looks[i] ?? {}) <= allowedPerSec * seconds) break;
  }
  const quietest = looks.sort((one, other) => sum(one) - sum(other))[0] ?? {};
  console.log(`${title}: ${(sum(quietest) / seconds).toFixed(1)} wake-ups a second, ${JSON.stringify(quietest)}`);
  return quietest;
}

test('with no grant out nothing wakes, neither before the first one nor after the last one', async () => {
  expect(await wakeups('no grant yet', 0)).toEqual({});
  const load = await stage.load([player(10, 10_000)]);
  await load.granted(load.tid, 10);
  await load.work();
  await pause(300);
  await stage.clear();
  // A canary may be armed for a second after the last one burned.
  await pause(1200);
  expect(await wakeups('no grant any more', 0)).toEqual({});
}, 60_000);

for (const [realtime, highPriorities] of [
  [1, 0],
  [13, 12],
] as const)
  test(`with ${realtime + highPriorities} granted threads that sleep, at most ten wake-ups a second in all`, async () => {
    const load = await stage.load(Array.from({ length: realtime + highPriorities }, () => player(10, 10_000)));
    const caller = await stage.caller();
    for (const tid of load.tids.slice(0, realtime)) await load.granted(tid, 10);
    for (const tid of load.tids.slice(realtime)) dataOf(await ask(ownFace, highPriority(caller, tid, -10, load.pid)));
    const counts = await wakeups(`${realtime} realtime, ${highPriorities} high-priority, asleep`, 10);
    expect(sum(counts) / seconds).toBeLessThanOrEqual(10);
    // Somebody does look after them.
    expect(Object.keys(counts)).toContain('watchdog');
  }, 60_000);
