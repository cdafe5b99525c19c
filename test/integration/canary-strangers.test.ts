import { afterEach, describe, expect, test } from 'vitest';
import { look } from '../rig/kernel.ts';
import { hog, type Load, loadCpu, player } from '../rig/load.ts';
import { type Settings, Stage } from '../rig/stage.ts';

// Realtime threads that nobody granted, beside a granted one that does no harm.

let stage: Stage | undefined;
afterEach(() => stage?.stop());

async function starve(settings: Settings): Promise<{ readonly stage: Stage; readonly bad: Load; readonly good: Load }> {
  const started = await Stage.start(settings, { alone: true });
  stage = started;
  const good = await started.load([player(3500, 10_000)], 'carol');
  await good.granted(good.tid, 15);
  await good.work();
  const bad = await started.load([hog()], 'root');
  await bad.policy(bad.tid, 'fifo');
  await bad.work();
  return { stage: started, bad, good };
}

const expectGood = async (on: Stage, good: Load): Promise<void> => {
  expect((await on.grants()).map(({ Thread, State }) => [Thread, State])).toEqual([[good.tid, 'active']]);
  await good.finish();
  expect(good.changes.map(({ policy }) => policy)).toEqual(['rr']);
};

const named = ({ pid, tid }: Load): string =>
  `^warning: Thread ${tid} \\(load\\) of process ${pid}, which nobody granted, took \\d+ % of CPU ${loadCpu} at fifo 7; it`;

describe('a realtime thread that nobody granted and that starves a CPU', { timeout: 600_000 }, () => {
  test('is named, and left alone', async () => {
    const { stage, bad, good } = await starve({});
    const line = await stage.broker.line(new RegExp(`${named(bad)} is none of ours, and was left alone`));
    expect(line).toMatch(/RTBROKER_POLICY=fifo RTBROKER_PRIORITY=7 .*RTBROKER_CPU=/);
    expect(await stage.property('Starved')).toBe(true);
    expect(look(bad.tid)).toMatchObject({ policy: 'fifo', priority: 7 });
    await bad.rest();
    await expectGood(stage, good);
  });

  test('is demoted, if canary.demote_unknown says so', async () => {
    const { stage, bad, good } = await starve({ 'canary.demote_unknown': true });
    const { afterUsec } = await bad.until(bad.tid, 'other');
    await stage.broker.line(new RegExp(`${named(bad)} was demoted`));
    expect(look(bad.tid)).toMatchObject({ policy: 'other' });
    console.log(`a hog that nobody granted: demoted after ${Math.round(afterUsec / 1000)} ms`);
    await bad.rest();
    await expectGood(stage, good);
  });
});
