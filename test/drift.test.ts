import { describe, expect, test } from 'vitest';
import { defaultBurst } from '../src/core/limits.ts';
import type { Attributes } from '../src/core/scheduling.ts';
import { root } from './contracts/stage.ts';
import { House, nice, rr } from './house.ts';

const normal: Attributes = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const lowered: Attributes = { policy: 'rr', priority: 5, nice: 0, resetOnFork: true };

const granted = async (settings: { readonly reassertDrifted?: boolean } = {}, scheduling = rr(10)) => {
  const house = new House(settings);
  const pid = house.spawn();
  const tid = house.world.addThread(pid);
  expect(await house.ask(pid, tid, scheduling)).toBe('granted');
  const lines = () => house.journal.entries.slice(1);
  return { house, pid, tid, lines };
};
/** The next look is due. */
const nextLook = ({ house }: Awaited<ReturnType<typeof granted>>) => house.clock.advance(10_000);

describe('a thread that others changed', () => {
  test('is told of once, with what it runs as and who may have done it, and left alone', async () => {
    const all = await granted();
    all.house.meddlers.names = ['ananicy-cpp', 'gamemoded'];
    all.house.world.letRunAs(all.tid, normal);
    await nextLook(all);
    await nextLook(all);
    expect(all.lines()).toMatchObject([{ level: 'warning', fields: { tid: all.tid, reason: 'changed-by-others' } }]);
    expect(all.lines()[0]?.text).toBe(
      `Thread ${all.tid} of process ${all.pid}, which was granted realtime priority 10, runs as other 0 by now` +
        ' (changed-by-others). Known to change such things, and running: ananicy-cpp, gamemoded.',
    );
    expect(all.house.world.runsAs(all.tid)).toEqual(normal);
    expect(all.house.view(all.tid)).toMatchObject({ state: 'drifted', reason: 'changed-by-others' });
    expect(all.house.meddlers.looks).toBe(1);
  });

  test('is told of again when it is so again ten minutes later, and not before', async () => {
    const all = await granted();
    for (const lines of [1, 1, 2]) {
      all.house.world.letRunAs(all.tid, normal);
      await nextLook(all);
      expect(all.lines()).toHaveLength(lines);
      all.house.world.letRunAs(all.tid, { ...lowered, priority: 10 });
      await all.house.clock.advance(300_000);
    }
  });

  test('is not looked for in vain', async () => {
    const all = await granted();
    await nextLook(all);
    expect(all.lines()).toEqual([]);
    expect(all.house.meddlers.looks).toBe(0);
  });
});

describe('with drift.reassert', () => {
  const all = () => granted({ reassertDrifted: true });

  test('it is put back, once a minute at most', async () => {
    const drifted = await all();
    const { house, tid, lines } = drifted;
    house.world.letRunAs(tid, normal);
    await nextLook(drifted);
    expect(house.world.runsAs(tid)).toEqual({ policy: 'rr', priority: 10, nice: 0, resetOnFork: true });
    expect(lines().map(({ text }) => text)).toEqual([expect.stringContaining('It was put back (drift.reassert).')]);
    house.world.letRunAs(tid, normal);
    await nextLook(drifted);
    expect(house.world.runsAs(tid)).toEqual(normal);
    await house.clock.advance(60_000);
    expect(house.world.runsAs(tid)?.policy).toBe('rr');
    expect(lines()).toHaveLength(1);
  });

  test('from a reload on it is put back, and left alone again after another', async () => {
    const drifted = await granted();
    const { house, tid } = drifted;
    house.world.letRunAs(tid, normal);
    await nextLook(drifted);
    expect(house.world.runsAs(tid)).toEqual(normal);
    house.broker.reconfigure({ burst: defaultBurst, cooldownSec: 30, reassertDrifted: true });
    await nextLook(drifted);
    expect(house.world.runsAs(tid)?.policy).toBe('rr');
    house.broker.reconfigure({ burst: defaultBurst, cooldownSec: 30, reassertDrifted: false });
    house.world.letRunAs(tid, normal);
    await house.clock.advance(100_000);
    expect(house.world.runsAs(tid)).toEqual(normal);
  });

  test('it is not put back against its owner', async () => {
    const drifted = await all();
    drifted.house.world.letRunAs(drifted.tid, lowered);
    await nextLook(drifted);
    expect(drifted.house.world.runsAs(drifted.tid)).toEqual(lowered);
    expect(drifted.lines()).toMatchObject([{ level: 'info', fields: { reason: 'lowered' } }]);
    expect(drifted.house.view(drifted.tid)).toMatchObject({ state: 'drifted', reason: 'lowered' });
  });

  for (const [title, change] of [
    ['has no RLIMIT_RTTIME any more', ({ house, pid }) => house.world.setRttime(pid, 'unlimited')],
    [
      'is refused by the kernel',
      ({ house }) => {
        house.world.scheduler.errno = 'EPERM';
      },
    ],
  ] as readonly (readonly [string, (drifted: Awaited<ReturnType<typeof granted>>) => void])[])
    test(`it is not put back when it ${title}`, async () => {
      const drifted = await all();
      drifted.house.world.letRunAs(drifted.tid, normal);
      change(drifted);
      await nextLook(drifted);
      expect(drifted.house.world.runsAs(drifted.tid)).toEqual(normal);
      expect(drifted.house.broker.totals.threads).toBe(1);
    });

  test('whom the watchdog demoted waits for the end of the cool-down', async () => {
    const drifted = await all();
    const { house, tid } = drifted;
    house.world.letRunAs(tid, normal);
    house.watchdog.demoted(house.world.thread(tid));
    await nextLook(drifted);
    expect(house.world.runsAs(tid)).toEqual(normal);
    expect(house.view(tid)?.state).toBe('demoted');
  });
});

describe('a realtime thread that its owner made an ordinary one', () => {
  test('has left its grant, and is not promoted again', async () => {
    const all = await granted({ reassertDrifted: true });
    all.house.world.letRunAs(all.tid, { ...normal, resetOnFork: true });
    expect(all.house.view(all.tid)).toMatchObject({ state: 'drifted', reason: 'left' });
    await nextLook(all);
    expect(all.house.broker.totals.threads).toBe(0);
    expect(all.house.used(all.pid, 'realtime')).toBe(0);
    expect(all.house.world.runsAs(all.tid)?.policy).toBe('other');
    expect(all.house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'left' });
    expect(all.house.watchdog.watching()).toBe(0);
    expect(all.lines()).toMatchObject([{ level: 'info', fields: { reason: 'left', tid: all.tid } }]);
  });

  test('but not one whose nice level somebody raised: nobody knows who', async () => {
    const all = await granted({ reassertDrifted: true }, nice(-11));
    all.house.world.letRunAs(all.tid, { ...normal, resetOnFork: true });
    await nextLook(all);
    expect(all.house.broker.totals.threads).toBe(1);
    expect(all.house.view(all.tid)).toMatchObject({ state: 'drifted', reason: 'lowered' });
  });
});

test('a hundred processes are looked at, a few a turn', async () => {
  const house = new House();
  const threads: number[] = [];
  for (let number = 0; number < 60; number++) {
    const pid = house.spawn(number < 30 ? undefined : root);
    const tid = house.world.addThread(pid);
    expect(await house.ask(pid, tid, rr(10))).toBe('granted');
    house.world.letRunAs(tid, normal);
    threads.push(tid);
  }
  await house.clock.advance(10_000);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  const told = house.journal.entries.filter(({ fields }) => fields.reason === 'changed-by-others');
  expect(told.map(({ fields }) => fields.tid)).toEqual(threads);
  expect(house.meddlers.looks).toBe(1);
});
