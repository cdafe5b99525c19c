import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../src/core/limits.ts';
import { Rulebook } from '../src/core/rulebook.ts';
import { type Attributes, ordinary, type Scheduling } from '../src/core/scheduling.ts';
import { mainThread, root } from './contracts/stage.ts';
import { settled } from './fakes/clock.ts';
import { House, nice, rr } from './house.ts';

const granted = async (scheduling = rr(10)) => {
  const house = new House();
  const pid = house.spawn();
  const tid = house.world.addThread(pid);
  expect(await house.ask(pid, tid, scheduling)).toBe('granted');
  return { house, pid, tid, thread: house.world.thread(tid) };
};

describe('a grant ends', () => {
  test('with its thread', async () => {
    const { house, pid, tid } = await granted();
    house.world.endThread(pid, tid);
    await settled();
    expect(house.broker.totals).toEqual({ threads: 0, processes: 0, users: 0 });
    expect(house.watchdog.watching()).toBe(0);
    expect(house.world.processes.openHandles).toBe(0);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'ended' });
  });

  test('when its process changes a uid, seen within ten seconds', async () => {
    const { house, pid, tid } = await granted();
    house.world.setUids(pid, root, root, root);
    await house.clock.advance(10_000);
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'uid-changed' });
  });

  test('never because its process sleeps: that one is not looked at again until it has run', async () => {
    const { house, pid, tid } = await granted();
    await house.clock.advance(10_000);
    const { processes } = house.world;
    const looks = processes.looks;
    expect(looks).toBeGreaterThan(0);
    await house.clock.advance(40_000);
    expect(processes.looks).toBe(looks);
    house.world.setUids(pid, root, root, root);
    await house.clock.advance(10_000);
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
  });

  test('when its process changes a uid, seen on the next call about that process', async () => {
    const { house, pid, tid } = await granted();
    house.world.setUids(pid, root, root, root);
    await house.ask(pid, mainThread(pid), rr(10));
    expect(house.world.runsAs(tid)?.policy).toBe('other');
  });

  test('when its process runs a set-user-ID program, seen when another asks for that process in vain', async () => {
    const { house, pid, tid } = await granted();
    const asker = house.spawn();
    house.world.setUids(pid, house.world.caller(asker).uid, root, root);
    const wanted = { face: 'own', process: BigInt(pid), thread: 0n, scheduling: rr(10) } as const;
    await expect(house.broker.acquire(house.world.caller(asker), wanted)).rejects.toMatchObject({
      refusal: { reason: 'not-your-process' },
    });
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
  });

  test('with a main thread that ends before the others, seen within ten seconds', async () => {
    const { house, pid } = await granted();
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    house.world.leaveMainThread(pid);
    expect(house.view(mainThread(pid))).toBeUndefined();
    await house.clock.advance(10_000);
    expect(house.broker.totals.threads).toBe(1);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'ended' });
  });

  test('C32 when its thread leaves realtime by itself, seen within ten seconds, and it is not made realtime again', async () => {
    const { house, tid } = await granted();
    house.world.letRunAs(tid, { ...ordinary, resetOnFork: true });
    expect(house.view(tid)?.state).toBe('drifted');
    await house.clock.advance(10_000);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'left' });
    expect(house.broker.totals.threads).toBe(0);
    expect(house.world.runsAs(tid)).toEqual({ ...ordinary, resetOnFork: true });
  });

  test('C32 when its thread leaves realtime by itself, seen before anybody is refused for want of a place', async () => {
    const house = new House({ rulebook: new Rulebook({ ...defaultLimits, realtimeThreadsPerUserMax: 1 }) });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    await house.ask(pid, tid, rr(10));
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('thread-limit');
    await house.clock.advance(1000);
    house.world.letRunAs(tid, { ...ordinary, resetOnFork: true });
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
  });

  test('not when it only lowers itself, or the watchdog has it', async () => {
    const { house, tid } = await granted(nice(-10));
    house.world.letRunAs(tid, { ...ordinary, nice: -1, resetOnFork: true });
    await house.clock.advance(10_000);
    house.world.letRunAs(tid, ordinary);
    await house.clock.advance(10_000);
    expect(house.view(tid)).toMatchObject({ state: 'drifted' });
  });

  test('with the broker', async () => {
    const { house, tid } = await granted();
    house.broker.demoteAll('stopped');
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
  });

  test('of all but the one that cannot be demoted, which stays in the book', async () => {
    const { house, pid, tid } = await granted();
    const other = house.world.addThread(pid);
    await house.ask(pid, other, rr(10));
    house.world.scheduler.stubborn = tid;
    house.broker.demoteAll('stopped');
    expect([house.world.runsAs(tid)?.policy, house.world.runsAs(other)?.policy]).toEqual(['rr', 'other']);
    expect(house.view(tid)).toBeDefined();
    expect(house.journal.entries.find(({ level }) => level === 'error')).toMatchObject({ fields: { tid } });
  });

  test('and without grants nobody looks any more', async () => {
    const { house, pid, tid } = await granted();
    house.world.endThread(pid, tid);
    await house.clock.advance(10_000);
    expect(house.clock.sleeping).toBe(0);
  });
});

describe('exec by a granted worker', () => {
  test('demotes the leader, who is the worker now', async () => {
    const { house, pid, tid } = await granted();
    house.world.exec(pid, tid, 'plain');
    await settled();
    expect(house.world.runsAs(mainThread(pid))?.policy).toBe('other');
    expect(house.journal.entries.at(-1)).toMatchObject({ fields: { reason: 'exec', tid: pid } });
  });

  const lowered: readonly [title: string, granted: Scheduling, actual: Attributes][] = [
    ['to a lower priority', rr(10), { policy: 'rr', priority: 9, nice: 0, resetOnFork: true }],
    ['to a higher nice level', nice(-10), { policy: 'other', priority: 0, nice: -9, resetOnFork: true }],
    ['to batch', nice(-10), { policy: 'batch', priority: 0, nice: -10, resetOnFork: true }],
    ['to the nice level it had before', rr(10), { policy: 'other', priority: 0, nice: -10, resetOnFork: true }],
  ];
  for (const [title, scheduling, actual] of lowered)
    test(`that lowered itself ${title} first demotes the leader all the same`, async () => {
      const { house, pid, tid } = await granted(scheduling);
      house.world.letRunAs(tid, actual);
      house.world.exec(pid, tid, 'plain');
      await settled();
      expect(house.world.runsAs(mainThread(pid))).toEqual({
        policy: 'other',
        priority: 0,
        nice: 0,
        resetOnFork: false,
      });
    });

  test('of a set-user-ID program is seen by whoever looks first', async () => {
    const { house, pid, tid } = await granted();
    const asker = house.spawn();
    // The process is looked at before word of the worker's end is read.
    const unread = house.world.holdExits();
    house.world.exec(pid, tid, 'setuid-root');
    const wanted = { face: 'own', process: BigInt(pid), thread: 0n, scheduling: rr(10) } as const;
    await expect(house.broker.acquire(house.world.caller(asker), wanted)).rejects.toBeDefined();
    unread();
    await settled();
    expect(house.world.runsAs(mainThread(pid))?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
  });

  test('leaves a leader alone who has its own grant', async () => {
    const { house, pid, tid } = await granted();
    await house.ask(pid, mainThread(pid), rr(10));
    house.world.endThread(pid, tid);
    await settled();
    expect(house.world.runsAs(mainThread(pid))?.policy).toBe('rr');
  });

  test('leaves a leader alone who is realtime by its own right', async () => {
    const { house, pid, tid } = await granted();
    const own = { policy: 'fifo', priority: 10, nice: 0, resetOnFork: false } as const;
    house.world.letRunAs(mainThread(pid), own);
    house.world.endThread(pid, tid);
    await settled();
    expect(house.world.runsAs(mainThread(pid))).toEqual(own);
  });
});

describe('whom the watchdog demoted', () => {
  const demoted = async (scheduling = rr(10)) => {
    const all = await granted(scheduling);
    all.house.world.letRunAs(all.tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    all.house.watchdog.demoted(all.thread);
    return all;
  };

  test('is shown as such, and told of once', async () => {
    const { house, tid, pid } = await demoted();
    expect(house.view(tid)).toMatchObject({ state: 'demoted', reason: 'silence' });
    expect(house.news.at(-1)).toMatchObject({ kind: 'demoted', reason: 'silence' });
    const [line, ...more] = house.journal.entries.filter(({ level }) => level === 'warning');
    expect(more).toEqual([]);
    expect(line?.fields).toMatchObject({
      tid,
      pid,
      program: '/usr/bin/actor',
      cpu: 1,
      lateUsec: 310_000,
      ranUsec: 300_000,
    });
    expect(line?.text).toContain('CPU 1');
  });

  test('gets it back after the cool-down, as it was', async () => {
    const { house, tid, thread } = await demoted();
    await house.clock.advance(29_999);
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    await house.clock.advance(1);
    expect(house.world.runsAs(tid)).toEqual({ policy: 'rr', priority: 10, nice: 0, resetOnFork: true });
    expect(house.view(tid)?.state).toBe('active');
    expect(house.news.at(-1)).toMatchObject({ kind: 'restored' });
    expect(house.watchdog.watching(thread)).toBe(1);
  });

  test('gets it back half a minute after the machine woke, at most, if the cool-down is over by then', async () => {
    const house = new House({ cooldownSec: 600 });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    await house.ask(pid, tid, rr(10));
    house.world.letRunAs(tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    house.watchdog.demoted(house.world.thread(tid));
    await house.clock.advance(1000);
    house.clock.suspend(3_600_000);
    await house.clock.advance(30_000);
    expect(house.world.runsAs(tid)).toMatchObject({ policy: 'rr', priority: 10 });
  });

  test('gets a nice level back, too', async () => {
    const { house, tid } = await demoted(nice(-11));
    await house.clock.advance(30_000);
    expect(house.world.runsAs(tid)).toMatchObject({ policy: 'other', nice: -11 });
  });

  test('is refused meanwhile with the seconds left, as its whole process is, and nobody else', async () => {
    const { house, pid, tid } = await demoted();
    expect(await house.ask(pid, tid, rr(10))).toBe('cooling-down');
    expect(await house.ask(pid, mainThread(pid), nice(-5))).toBe('cooling-down');
    const other = house.spawn();
    expect(await house.ask(other, mainThread(other), rr(10))).toBe('granted');
  });

  test('waits twice as long the second time', async () => {
    const { house, tid, thread } = await demoted();
    await house.clock.advance(30_000);
    house.world.letRunAs(tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    house.watchdog.demoted(thread);
    await house.clock.advance(59_999);
    expect(house.view(tid)?.state).toBe('demoted');
    await house.clock.advance(1);
    expect(house.view(tid)?.state).toBe('active');
  });

  const obstacles: readonly [
    title: string,
    change: (all: Awaited<ReturnType<typeof granted>>) => void,
    reason: string,
  ][] = [
    [
      'somebody changed its policy meanwhile',
      ({ house, tid }) => house.world.letRunAs(tid, { policy: 'batch', priority: 0, nice: 0, resetOnFork: false }),
      'changed-by-others',
    ],
    ['it took away its RLIMIT_RTTIME', ({ house, pid }) => house.world.setRttime(pid, 'unlimited'), 'rttime-unset'],
    ['its process changed a uid', ({ house, pid }) => house.world.setUids(pid, root, root, root), 'uid-changed'],
    [
      'the kernel does not want it',
      ({ house }) => {
        house.world.scheduler.errno = 'EPERM';
      },
      'kernel-refused',
    ],
  ];
  for (const [title, change, reason] of obstacles) {
    test(`does not get it back when ${title}`, async () => {
      const all = await demoted();
      await all.house.clock.advance(9_000);
      change(all);
      await all.house.clock.advance(30_000);
      expect(all.house.world.runsAs(all.tid)?.policy).not.toBe('rr');
      expect(all.house.broker.totals.threads).toBe(0);
      expect(all.house.news.at(-1)).toMatchObject({ kind: 'removed', reason });
      expect(all.house.watchdog.watching()).toBe(0);
    });
  }

  test('and ended, is not looked for', async () => {
    const { house, pid, tid } = await demoted();
    house.world.endThread(pid, tid);
    await house.clock.advance(60_000);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'ended' });
    expect(house.world.processes.openHandles).toBe(0);
  });

  test('and gave it back, stays ordinary', async () => {
    const { house, pid, tid } = await demoted();
    expect(await house.ask(pid, tid, nice(0))).toBe('granted');
    await house.clock.advance(60_000);
    expect(house.world.runsAs(tid)?.policy).toBe('other');
  });

  test('and was granted anew before word of it came, is demoted all the same', async () => {
    const { house, pid, tid, thread } = await granted();
    const cookie = house.watchdog.cookieOf(thread);
    for (const priority of [11, 12]) expect(await house.ask(pid, tid, rr(priority))).toBe('granted');
    house.watchdog.demoted(thread, 'silence', cookie);
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.view(tid)?.state).toBe('demoted');
    expect(house.watchdog.watching()).toBe(0);
    expect(await house.ask(pid, tid, rr(10))).toBe('cooling-down');
    await house.clock.advance(30_000);
    expect(house.world.runsAs(tid)).toMatchObject({ policy: 'rr', priority: 12 });
    expect(house.watchdog.watching()).toBe(1);
  });

  test('is not taken for one that others changed, where all are looked at before word of it comes', async () => {
    const { house, tid, thread } = await granted();
    house.world.letRunAs(tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    const looked = house.clock.advance(10_000);
    // The timer was due first; what came through descriptors meanwhile is read before the next turn.
    for (let i = 0; i < 10; i++) await Promise.resolve();
    house.watchdog.demoted(thread);
    await looked;
    const warnings = house.journal.entries.filter(({ level }) => level === 'warning');
    expect(warnings.map(({ fields }) => fields.reason)).toEqual(['silence']);
  });

  test('and was put back before word of it came, is demoted all the same', async () => {
    const house = new House({ reassertDrifted: true });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    await house.ask(pid, tid, rr(10));
    house.world.letRunAs(tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    await house.clock.advance(10_000);
    expect(house.world.runsAs(tid)?.policy).toBe('rr');
    house.watchdog.demoted(house.world.thread(tid));
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.watchdog.watching()).toBe(0);
    await house.clock.advance(30_000);
    expect(house.world.runsAs(tid)).toMatchObject({ policy: 'rr', priority: 10 });
    expect(house.watchdog.watching()).toBe(1);
  });

  const over: readonly (readonly [title: string, end: (all: Awaited<ReturnType<typeof granted>>) => unknown])[] = [
    ['has ended', ({ house, pid, tid }) => house.world.endThread(pid, tid)],
    ['gave its grant back', ({ house, pid, tid }) => house.ask(pid, tid, nice(0))],
  ];
  for (const [title, end] of over)
    test(`and ${title} before word of it came, leaves its process to wait`, async () => {
      const all = await granted();
      const { house, pid, thread } = all;
      const cookie = house.watchdog.cookieOf(thread);
      await end(all);
      await settled();
      expect(house.broker.totals.threads).toBe(0);
      house.watchdog.demoted(thread, 'silence', cookie);
      expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('cooling-down');
      const [line, ...more] = house.journal.entries.filter(({ level }) => level === 'warning');
      expect(line?.text).toMatch(
        /was demoted from realtime priority 10; its grant is over since, and its process waits 30 s\.$/,
      );
      expect(more).toEqual([]);
      expect(house.news.filter(({ kind }) => kind === 'demoted')).toEqual([]);
    });

  test('long ago, of whom word comes late, is nobody', async () => {
    const { house } = await granted();
    house.watchdog.onEvent({
      kind: 'demoted',
      cookie: 99,
      reason: 'silence',
      cpu: 0,
      lateUsec: 0,
      ranUsec: 0,
      windowUsec: 0,
    });
    expect(house.news.length).toBe(1);
  });
});

test('while a CPU starves, the broker says so', async () => {
  const { house } = await granted();
  house.watchdog.onEvent({ kind: 'starved', cpu: 1, reason: 'innocent', lateUsec: 310_000 });
  expect(house.broker.starved).toBe(true);
  house.watchdog.onEvent({ kind: 'recovered', cpu: 1 });
  expect(house.broker.starved).toBe(false);
  expect(house.news.slice(1)).toEqual([
    { kind: 'starved', cpu: 1, lateUsec: 310_000 },
    { kind: 'recovered', cpu: 1 },
  ]);
});

describe('of what the watchdog could not lay on a grant', () => {
  test('the journal names who did it, and whether he still may', async () => {
    const { house } = await granted();
    house.watchdog.onEvent({ kind: 'starved', cpu: 1, reason: 'innocent', lateUsec: 310_000 });
    const stranger = { cpu: 1, tid: 77, pid: 70, comm: 'hog', policy: 'fifo', priority: 50, share: 0.98 } as const;
    house.watchdog.onEvent({ kind: 'stranger', demoted: false, ...stranger });
    house.watchdog.onEvent({ kind: 'stranger', demoted: true, ...stranger });
    const warnings = house.journal.entries.filter(({ level }) => level === 'warning');
    expect(warnings.map(({ text }) => text)).toEqual([
      'CPU 1 starves (310 ms late), and no granted thread is to blame.',
      'Thread 77 (hog) of process 70, which nobody granted, took 98 % of CPU 1 at fifo 50;' +
        ' it is none of ours, and was left alone (canary.demote_unknown).',
      'Thread 77 (hog) of process 70, which nobody granted, took 98 % of CPU 1 at fifo 50; it was demoted.',
    ]);
    expect(warnings[1]?.fields).toMatchObject({ tid: 77, pid: 70, comm: 'hog', policy: 'fifo', priority: 50, cpu: 1 });
  });

  test('what a worker became by exec costs its process the grant and a cool-down', async () => {
    const { house, pid } = await granted();
    house.watchdog.onEvent({ kind: 'heir-demoted', cookie: 1 });
    expect(house.broker.totals.threads).toBe(0);
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('cooling-down');
  });

  test('the same, when its end was heard before', async () => {
    const { house, pid, tid } = await granted();
    house.world.endThread(pid, tid);
    await settled();
    house.watchdog.onEvent({ kind: 'heir-demoted', cookie: 1 });
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('cooling-down');
    expect(house.journal.entries.at(-1)).toMatchObject({ level: 'warning', fields: { reason: 'exec', tid: pid } });
  });

  test('a CPU of whose recovery nobody heard does not starve for ever', async () => {
    const { house } = await granted();
    house.watchdog.onEvent({ kind: 'starved', cpu: 1, reason: 'silence', lateUsec: 310_000 });
    house.watchdog.onEvent({ kind: 'lost', count: 1 });
    expect(house.broker.starved).toBe(false);
    expect(house.news.at(-1)).toEqual({ kind: 'recovered', cpu: 1 });
  });

  test('who was demoted unheard is found, and comes back like the others', async () => {
    const { house, pid, tid } = await granted();
    const other = house.world.addThread(pid);
    await house.ask(pid, other, rr(10));
    house.world.letRunAs(tid, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    house.watchdog.onEvent({ kind: 'lost', count: 3 });
    expect([house.view(tid)?.state, house.view(other)?.state]).toEqual(['demoted', 'active']);
    await house.clock.advance(30_000);
    expect(house.world.runsAs(tid)?.policy).toBe('rr');
  });
});
