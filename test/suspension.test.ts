import { describe, expect, test } from 'vitest';
import { type Attributes, ordinary as normal, type Scheduling } from '../src/core/scheduling.ts';
import type { Pid, Tid } from '../src/core/thread.ts';
import { alice, mainThread, root } from './contracts/stage.ts';
import { settled } from './fakes/clock.ts';
import { House, nice, rr } from './house.ts';

interface Scene {
  readonly house: House;
  readonly pid: Pid;
  readonly tid: Tid;
}

const granted = async (...schedulings: readonly Scheduling[]): Promise<Scene> => {
  const house = new House();
  const pid = house.spawn();
  const tid = house.world.addThread(pid);
  for (const scheduling of schedulings) expect(await house.ask(pid, tid, scheduling)).toBe('granted');
  return { house, pid, tid };
};

const runsAs = ({ house, tid }: Scene) => house.world.runsAs(tid);
const realtime = (priority: number, level = 0): Attributes => ({
  policy: 'rr',
  priority,
  nice: level,
  resetOnFork: true,
});
const ordinary = (level: number): Attributes => ({ policy: 'other', priority: 0, nice: level, resetOnFork: true });

describe('Suspend and Resume', () => {
  for (const [title, schedulings, attributes] of [
    ['realtime', [rr(7)], realtime(7)],
    ['high priority', [nice(-7)], ordinary(-7)],
    ['realtime over a nice level', [nice(-9), rr(3)], realtime(3, -9)],
  ] as const)
    test(`take ${title} away and bring it back`, async () => {
      const scene = await granted(...schedulings);
      const { house, tid } = scene;
      await house.broker.suspension.suspend();
      expect(runsAs(scene)).toEqual(normal);
      expect(house.view(tid)).toMatchObject({ state: 'demoted', reason: 'suspended' });
      expect(house.watchdog.watching()).toBe(0);
      await house.broker.suspension.resume();
      expect(runsAs(scene)).toEqual(attributes);
      expect(house.view(tid)).toMatchObject({ state: 'active' });
      expect(house.watchdog.watching()).toBe(1);
      expect(house.news.map(({ kind }) => kind).slice(schedulings.length)).toEqual(['demoted', 'restored']);
    });

  test('mean nothing when said again', async () => {
    const scene = await granted(rr(7));
    const { suspension } = scene.house.broker;
    await Promise.all([
      suspension.suspend(),
      suspension.suspend(),
      suspension.resume(),
      suspension.resume(),
      suspension.suspend(),
    ]);
    expect(runsAs(scene)).toEqual(normal);
    await suspension.resume();
    expect(runsAs(scene)).toEqual(realtime(7));
    await suspension.resume();
    expect(scene.house.news.filter(({ kind }) => kind === 'restored')).toHaveLength(2);
  });

  test('leave out who lowered himself, and give him back no more than he had', async () => {
    const [left, lowered] = [await granted(rr(7)), await granted(rr(7))];
    left.house.world.letRunAs(left.tid, ordinary(0));
    lowered.house.world.letRunAs(lowered.tid, realtime(2));
    for (const scene of [left, lowered]) {
      await scene.house.broker.suspension.suspend();
      expect(runsAs(scene)?.policy).toBe('other');
      await scene.house.broker.suspension.resume();
    }
    expect([runsAs(left), runsAs(lowered)]).toEqual([ordinary(0), realtime(2)]);
  });

  test('give nothing back to who changed meanwhile', async () => {
    for (const [change, reason] of [
      [({ house, tid }: Scene) => house.world.letRunAs(tid, { ...normal, nice: 3 }), 'changed-by-others'],
      [({ house, pid }: Scene) => house.world.setUids(pid, alice, alice, root), 'uid-changed'],
      [({ house, pid }: Scene) => house.world.setRttime(pid, 'unlimited'), 'rttime-unset'],
    ] as const) {
      const scene = await granted(rr(7));
      await scene.house.broker.suspension.suspend();
      change(scene);
      await scene.house.broker.suspension.resume();
      expect(runsAs(scene)?.policy).toBe('other');
      expect(scene.house.news.at(-1)).toMatchObject({ kind: 'removed', reason });
    }
  });

  test('give back all of it or nothing', async () => {
    const scene = await granted(nice(-9), rr(3));
    const { scheduler } = scene.house.world;
    await scene.house.broker.suspension.suspend();
    scheduler.afterAct = () => {
      scheduler.errno = 'EPERM';
    };
    await scene.house.broker.suspension.resume();
    expect(runsAs(scene)).toEqual(normal);
    expect(scene.house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'kernel-refused' });
  });

  test('let nothing be granted in between, to those at polkit neither, but let all give back', async () => {
    const { house, pid, tid } = await granted(rr(7));
    const other = house.world.addThread(pid);
    house.authority.mood = 'wait';
    const [late] = await house.asking(pid, other, rr(5));
    await house.broker.suspension.suspend();
    house.authority.answer('allow');
    house.authority.mood = 'allow';
    expect(await late).toBe('suspended');
    expect(await house.ask(pid, tid, rr(6))).toBe('suspended');
    expect(await house.ask(pid, other, nice(-3))).toBe('suspended');
    expect(await house.ask(pid, tid, nice(0))).toBe('granted');
    await house.broker.suspension.resume();
    expect(house.broker.totals.threads).toBe(0);
    expect(await house.ask(pid, other, rr(5))).toBe('granted');
  });

  test('see to those who cool down when they have', async () => {
    const scene = await granted(rr(7));
    const { house, tid } = scene;
    house.watchdog.demoted(house.world.thread(tid));
    house.world.letRunAs(tid, normal);
    await house.broker.suspension.suspend();
    await house.clock.advance(60_000);
    expect(runsAs(scene)).toEqual(normal);
    await house.broker.suspension.resume();
    expect(runsAs(scene)).toEqual(realtime(7));
  });

  test('do not wait for them, nor they for Resume', async () => {
    const scene = await granted(rr(7));
    const { house, tid } = scene;
    house.watchdog.demoted(house.world.thread(tid));
    house.world.letRunAs(tid, normal);
    await house.broker.suspension.suspend();
    await house.broker.suspension.resume();
    expect(runsAs(scene)).toEqual(normal);
    await house.clock.advance(60_000);
    expect(runsAs(scene)).toEqual(realtime(7));
  });

  test('leave the one that cannot be demoted, and see to the others', async () => {
    const { house, pid, tid } = await granted(rr(7));
    const other = house.world.addThread(pid);
    await house.ask(pid, other, rr(8));
    house.world.scheduler.stubborn = tid;
    await house.broker.suspension.suspend();
    expect([house.world.runsAs(tid), house.world.runsAs(other)]).toEqual([realtime(7), normal]);
    await house.broker.suspension.resume();
    expect([house.world.runsAs(tid), house.world.runsAs(other)]).toEqual([realtime(7), realtime(8)]);
  });
});

describe('a reset', () => {
  const stranger = (house: House, attributes: Attributes, uid = alice): Tid => {
    const tid = mainThread(house.world.spawn({ uid }));
    house.world.letRunAs(tid, attributes);
    return tid;
  };

  test('of those known leaves strangers alone, and strikes all others out', async () => {
    const { house, pid, tid } = await granted(rr(7));
    await house.ask(pid, mainThread(pid), nice(-4));
    const other = stranger(house, realtime(3));
    await house.broker.resets.known();
    expect([tid, mainThread(pid), other].map((each) => house.world.runsAs(each))).toEqual([
      normal,
      normal,
      realtime(3),
    ]);
    expect(house.broker.totals.threads).toBe(0);
    expect(house.news.filter(({ kind }) => kind === 'removed')).toMatchObject([
      { reason: 'reset' },
      { reason: 'reset' },
    ]);
  });

  test('of all demotes strangers too, but no high-priority thread, and nothing of root’s', async () => {
    const { house, pid, tid } = await granted(rr(7));
    await house.ask(pid, mainThread(pid), nice(-4));
    const fifo = stranger(house, { policy: 'fifo', priority: 50, nice: -3, resetOnFork: false });
    const deadline = stranger(house, { policy: 'deadline', priority: 0, nice: 0, resetOnFork: false });
    const ofRoot = stranger(house, realtime(3), root);
    const grantOfRoot = house.spawn(root);
    expect(await house.ask(grantOfRoot, mainThread(grantOfRoot), rr(6))).toBe('granted');
    await house.broker.resets.all();
    expect([tid, fifo].map((each) => house.world.runsAs(each))).toEqual([normal, normal]);
    expect(house.world.runsAs(mainThread(pid))).toEqual(ordinary(-4));
    expect(house.world.runsAs(deadline)?.policy).toBe('deadline');
    expect([ofRoot, mainThread(grantOfRoot)].map((each) => house.world.runsAs(each))).toEqual([
      realtime(3),
      realtime(6),
    ]);
    expect(house.broker.totals.threads).toBe(2);
  });

  test('is for good: who cools down, or is suspended, gets nothing back', async () => {
    for (const reset of ['known', 'all'] as const) {
      const scene = await granted(rr(7));
      const { house, pid, tid } = scene;
      house.watchdog.demoted(house.world.thread(tid));
      house.world.letRunAs(tid, normal);
      const other = house.world.addThread(pid);
      await house.clock.advance(0);
      await house.broker.suspension.suspend();
      await house.broker.resets[reset]();
      await house.broker.suspension.resume();
      await house.clock.advance(60_000);
      expect([runsAs(scene), house.world.runsAs(other)]).toEqual([normal, normal]);
      expect(house.broker.totals.threads).toBe(0);
    }
  });

  test('leaves alone who is granted anew meanwhile', async () => {
    const { house, pid, tid } = await granted(rr(7));
    const reset = house.broker.resets.known();
    expect(await house.ask(pid, tid, rr(9))).toBe('granted');
    await reset;
    expect(house.world.runsAs(tid)).toEqual(realtime(9));
  });

  test('keeps nobody waiting: others have their turn in between', async () => {
    const house = new House();
    for (let i = 0; i < 40; i++) {
      const pid = house.spawn();
      expect(await house.ask(pid, mainThread(pid), rr(7))).toBe('granted');
    }
    let turns = 0;
    let resetting = true;
    const count = async () => {
      while (resetting) {
        await settled();
        turns++;
      }
    };
    const counting = count();
    await house.broker.resets.known();
    resetting = false;
    await counting;
    expect(turns).toBeGreaterThan(1);
  });
});
