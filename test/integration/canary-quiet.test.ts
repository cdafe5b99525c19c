import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Receiver } from '../journal/kernel.ts';
import { ownFace } from '../rig/caller.ts';
import { player } from '../rig/load.ts';
import { ask, highPriority } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import { between, switchesOf } from '../rig/wakeups.ts';

// `QUIET_SEC=60` watches longer.
const seconds = Number(process.env.QUIET_SEC ?? 3);
const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));

// As systemd would have it, only more often: a ping every 1.9 s, so that not each look begins beside one.
const path = `@realtime-broker-${process.pid}-quiet`;
const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '3800000' };
const manager = new Receiver(path);
const pings = () => [...manager.receiveAll()].map(String).filter((message) => message === 'WATCHDOG=1').length;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({}, { alone: true }, { env });
}, 600_000);
afterEach(() => stage.clear());
afterAll(async () => {
  await stage.stop();
  manager[Symbol.dispose]();
});

type Counts = Record<string, number>;
const sum = (counts: Counts) => Object.values(counts).reduce((all, count) => all + count, 0);

/** Each ping is one of JavaScript's wake-ups, and counted apart. */
function apart({ node = 0, ...others }: Counts, pings: number): Counts {
  return node > pings ? { ...others, node: node - pings } : others;
}

/**
 * How often which threads of the broker ran while nobody asked anything of it, but for the pings. V8 tidies up at times of its own after
 * work: so the quietest of three looks counts; what comes again and again is seen in each.
 */
async function wakeups(title: string, allowedPerSec: number): Promise<Counts> {
  const looks: Counts[] = [];
  let pinged = 0;
  for (let i = 0; i < 3; i++) {
    if (i === 0) await pause(600);
    pings();
    const before = switchesOf(stage.broker.pid);
    await pause(seconds * 1000);
    const counts = between(before, switchesOf(stage.broker.pid));
    pinged = pings();
    looks.push(apart(counts, pinged));
    if (sum(looks[i] ?? {}) <= allowedPerSec * seconds) break;
  }
  expect(pinged).toBeGreaterThan(0);
  const quietest = looks.sort((one, other) => sum(one) - sum(other))[0] ?? {};
  const rate = (sum(quietest) / seconds).toFixed(1);
  console.log(`${title}: ${rate} wake-ups a second, ${JSON.stringify(quietest)}; ${pinged} pings apart`);
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
