import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { type Load, loadCpu, player, spinner } from '../rig/load.ts';
import { Stage } from '../rig/stage.ts';

// Nobody may be demoted here. The clocks are not set: native/ and src/ judge by CLOCK_MONOTONIC and CLOCK_BOOTTIME only,
// which nobody can set, and a jump between those two is played in native/test. `CALM_SEC=60` watches longer.

const seconds = Number(process.env.CALM_SEC ?? 3);
const pause = (msec: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, msec));

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({}, { alone: true });
}, 600_000);
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** Burns in turns of seven seconds, since none may burn longer than ten. The first of the loads is the DAW. */
async function burn(title: string, load: () => Promise<readonly Load[]>, during = pause): Promise<void> {
  let [periods, missed] = [0, 0];
  for (let left = seconds * 1000; left > 0; left -= 7000) {
    const loads = await load();
    for (const each of loads) await each.work();
    const msec = Math.min(left, 7000);
    await during(msec);
    await expectCalm(loads);
    for (const outcome of (await loads[0]?.finish()) ?? []) {
      periods += outcome.periods;
      missed += outcome.missed;
    }
    await stage.clear();
  }
  console.log(`${title}: ${seconds} s, nobody demoted, ${missed} of ${periods} periods missed`);
}

async function expectCalm(loads: readonly Load[]): Promise<void> {
  const states = (await stage.grants()).map(({ State }) => State);
  expect(states).toEqual(states.map(() => 'active'));
  const worked = loads.flatMap(({ changes }) => changes);
  expect(worked.filter(({ policy }) => policy === 'rr').length).toBe(states.length);
  for (const load of loads) {
    const tids = load.tids.filter((tid) => worked.some(({ changed, policy }) => changed === tid && policy === 'rr'));
    expect(load.changes.filter(({ changed, policy }) => tids.includes(changed) && policy === 'other')).toEqual([]);
  }
  expect(stage.broker.lines.filter((line) => line.includes('demoted'))).toEqual([]);
}

/** A program as a DAW is: some threads that share `share` of the CPU in periods of 5 ms. */
async function daw(share: number, threads = 4): Promise<Load> {
  const load = await stage.load(Array.from({ length: threads }, () => player((share * 5000) / threads, 5000)));
  for (const [index, tid] of load.tids.entries()) await load.granted(tid, 20 - index, ownFace);
  return load;
}

const cpus = [...new Set([0, loadCpu])];

const crowd = (count: number) =>
  stage.load(
    Array.from({ length: count }, () => spinner()),
    'carol',
  );

describe('no false alarm', () => {
  const rows: readonly (readonly [title: string, load: () => Promise<readonly Load[]>])[] = [
    ['alone', async () => [await daw(0.7)]],
    [
      'beside ordinary work that takes the rest of all CPUs',
      async () => [await daw(0.7), await stage.load(cpus.map(spinner), 'carol')],
    ],
    ['beside a crowd of fifty', async () => [await daw(0.7), await crowd(50)]],
  ];
  for (const [title, load] of rows) {
    const whole = `at 70 % of the CPU, ${title}`;
    test(whole, () => burn(whole, load));
  }
});

describe('no false alarm', () => {
  beforeAll(async () => {
    // At 90 % the granted threads would be to blame, and behind other people's work a canary may well be late then: so
    // more patience than that takes, and a stop that is longer still.
    await stage.stop();
    stage = await Stage.start({ 'canary.patience_msec': 1500, 'canary.sluggish_msec': 1500 }, { alone: true });
  }, 600_000);

  test('at 90 % of the CPU, when the broker is stopped and goes on', () =>
    burn(
      'at 90 % of the CPU, stopped for 2 s of every 2.5',
      async () => [await daw(0.9, 1)],
      async (msec) => {
        for (let left = msec; left > 0; left -= 2500) {
          // To the watchdog a debugger does the same, and so does a hypervisor, to the whole machine.
          stage.broker.signal('SIGSTOP');
          await pause(2000);
          stage.broker.signal('SIGCONT');
          await pause(500);
        }
      },
    ));
});
