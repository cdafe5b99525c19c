import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownFace } from '../rig/caller.ts';
import { holdMainThread } from '../rig/hold.ts';
import { look } from '../rig/kernel.ts';
import { accomplice, hog, type Load, player } from '../rig/load.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ 'canary.cooldown_sec': 2 }, { alone: true });
}, 600_000);
afterAll(() => stage.stop());

const stateOf = (pid: number, tid = pid): string =>
  /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8'))?.[1] ?? '';

/** In the order in which they were said. */
const saidOf = (tids: readonly number[], word: string) =>
  stage.broker.lines.filter((line) => line.includes(word) && tids.some((tid) => line.includes(`RTBROKER_TID=${tid} `)));

test('hogs are demoted while JavaScript is caught in something, and it catches up with nothing lost', async () => {
  // Enough of them, of enough programs, that one record follows another.
  const hogs = await Promise.all((['root', 'carol', 'alice'] as const).map((user) => stage.load([hog()], user)));
  const ender = await stage.load([hog(1000), accomplice]);
  const good = await stage.load([player(2000, 10_000)], 'carol');
  for (const load of [...hogs, ender]) await load.granted(load.tid, 10);
  await good.granted(good.tid, 15);
  await good.work();
  const before = stage.broker.lines.length;

  let asked: ReturnType<Load['ask']>;
  {
    await using _ = await holdMainThread(stage.broker.pid);
    expect(stateOf(stage.broker.pid)).toBe('t');
    await Promise.all([...hogs, ender].map((load) => load.work(load.tid)));
    for (const load of [...hogs, ender]) await load.until(load.tid, 'other', { timeoutMsec: 9000 });
    // Of one nobody will be there to be told of; another one asks again at once, and needs nobody's leave.
    await ender.stop();
    for (const load of hogs) await load.rest();
    asked = hogs[0]?.ask(ownFace, hogs[0].tid, 10) ?? Promise.reject();
    for (const load of hogs) expect(look(load.tid)).toMatchObject({ policy: 'other', nice: 0 });
    expect(look(good.tid)).toMatchObject({ policy: 'rr', priority: 15 });
    expect(stateOf(stage.broker.pid)).toBe('t');
    expect(stage.broker.lines.length).toBe(before);
  }

  const tids = hogs.map(({ tid }) => tid);
  expect((await asked).answer).toBe(`${ownFace.name}.Error.CoolingDown`);
  const states = (await stage.grants()).map(({ Thread, State }) => [Thread, State]);
  expect(states.sort()).toEqual([...tids.map((tid) => [tid, 'demoted']), [good.tid, 'active']].sort());
  await expect.poll(() => saidOf(tids, 'was demoted from realtime priority 10 for 2 s.')).toHaveLength(tids.length);
  for (const tid of tids) expect(stage.journalOf(tid)).toHaveLength(2);
  await expect.poll(() => saidOf([ender.tid], 'starved CPU')).toHaveLength(1);
  expect(stage.broker.lines.join('\n')).not.toContain('events of the watchdog were lost');
  await expect.poll(() => stage.property('Starved'), { timeout: 3000 }).toBe(false);

  for (const tid of tids)
    await expect.poll(() => look(tid), { interval: 10, timeout: 5000 }).toMatchObject({ policy: 'rr', priority: 10 });
  await expect.poll(() => saidOf(tids, 'has realtime priority 10 back')).toHaveLength(tids.length);
  await good.finish();
  expect(good.changes.map(({ policy }) => policy)).toEqual(['rr']);
});
