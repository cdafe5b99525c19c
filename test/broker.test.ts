import { describe, expect, test } from 'vitest';
import { defaultBurst, defaultLimits } from '../src/core/limits.ts';
import { Rulebook } from '../src/core/rulebook.ts';
import type { Rule } from '../src/core/rules.ts';
import type { Pid } from '../src/core/thread.ts';
import type { Reach } from '../src/ports.ts';
import { alice, bob, mainThread, root } from './contracts/stage.ts';
import { settled } from './fakes/clock.ts';
import { House, nice, rr } from './house.ts';

describe('a request', () => {
  test('is granted, watched, noted and told', async () => {
    const house = new House();
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    expect(await house.ask(pid, tid, rr(10))).toBe('granted');
    expect(house.world.runsAs(tid)).toEqual({ policy: 'rr', priority: 10, nice: 0, resetOnFork: true });
    expect(house.view(tid)).toMatchObject({ state: 'active', grant: { scheduling: rr(10), comm: 'actor' } });
    expect(house.watchdog.watching()).toBe(1);
    expect(house.broker.totals).toEqual({ threads: 1, processes: 1, users: 1 });
    expect(house.news).toMatchObject([{ kind: 'granted', grant: { thread: { tid } } }]);
    expect(house.journal.entries).toMatchObject([{ level: 'info', fields: { tid, pid, uid: alice, priority: 10 } }]);
  });

  test('that polkit refuses leaves nothing behind', async () => {
    const house = new House();
    const pid = house.spawn();
    house.authority.mood = 'refuse';
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('not-authorized');
    expect(house.world.runsAs(mainThread(pid))?.policy).toBe('other');
    expect(house.used(pid, 'realtime')).toBe(0);
    expect(house.world.processes.openHandles).toBe(0);
    expect(house.watchdog.watching()).toBe(0);
    expect(house.news).toEqual([]);
  });

  test('that the kernel refuses leaves nothing behind', async () => {
    const house = new House();
    const pid = house.spawn();
    house.world.scheduler.errno = 'EPERM';
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('kernel-refused');
    expect(house.used(pid, 'realtime')).toBe(0);
    expect(house.world.processes.openHandles).toBe(0);
    expect(house.watchdog.watching()).toBe(0);
  });

  test('asks polkit about the target process, by the action of the face it came by', async () => {
    const house = new House();
    const pid = house.spawn();
    await house.ask(pid, mainThread(pid), nice(-5), 'realtimekit1');
    expect(house.authority.asked).toMatchObject([{ subject: { pid }, face: 'realtimekit1', kind: 'high-priority' }]);
  });

  test("of root's for somebody else needs nobody's leave, on our own face alone", async () => {
    const house = new House();
    house.authority.mood = 'refuse';
    const admin = house.spawn(root);
    const pid = house.spawn();
    const wanted = { face: 'own', process: BigInt(pid), thread: 0n, scheduling: rr(5) } as const;
    await house.broker.acquire(house.world.caller(admin), wanted);
    expect(house.view(mainThread(pid))?.grant.thread.process.uid).toBe(alice);
    const onRtkit = house.broker.acquire(house.world.caller(admin), { ...wanted, face: 'realtimekit1' });
    await expect(onRtkit).rejects.toMatchObject({ refusal: { reason: 'not-your-process' } });
  });

  test('for a thread that ended while polkit was asked is refused', async () => {
    const house = new House();
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    house.authority.mood = 'wait';
    const [answer] = await house.asking(pid, tid, rr(10));
    house.world.endThread(pid, tid);
    house.authority.answer('allow');
    expect(await answer).toBe('no-such-thread');
    expect(house.used(pid, 'realtime')).toBe(0);
    expect(house.watchdog.watching()).toBe(0);
  });

  test('for what the thread has already is no news, and takes no second place', async () => {
    const house = new House();
    const pid = house.spawn();
    for (const _ of [1, 2, 3]) expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    expect(house.used(pid, 'realtime')).toBe(1);
    expect(house.journal.entries.length).toBe(1);
    expect(house.world.processes.openHandles).toBe(1);
    expect(house.watchdog.watching()).toBe(1);
  });
});

describe('who gives back', () => {
  test('what he is granted while polkit is asked about that, gives it back all the same', async () => {
    const house = new House();
    const pid = house.spawn();
    const tid = mainThread(pid);
    house.authority.mood = 'wait';
    const [granting] = await house.asking(pid, tid, rr(5));
    const [giving] = await house.asking(pid, tid, nice(0));
    house.authority.answer('allow');
    expect(await granting).toBe('granted');
    house.authority.answer('allow');
    expect(await giving).toBe('granted');
    expect(house.world.runsAs(tid)?.policy).toBe('other');
    expect(house.broker.totals.threads).toBe(0);
    expect(house.watchdog.watching()).toBe(0);
  });

  test('takes nobody a place while polkit is asked', async () => {
    const house = new House({ rulebook: new Rulebook({ ...defaultLimits, highPriorityThreadsPerUserMax: 1 }) });
    const pid = house.spawn();
    house.authority.mood = 'wait';
    await house.asking(pid, mainThread(pid), nice(5));
    const [answer] = await house.asking(pid, house.world.addThread(pid), nice(-5));
    house.authority.answer('allow');
    house.authority.answer('allow');
    expect(await answer).toBe('granted');
  });
});

test('when polkit cannot answer because the process has ended, that is what is said', async () => {
  const house = new House();
  const pid = house.spawn();
  house.authority.mood = 'wait';
  const [answer] = await house.asking(pid, mainThread(pid), rr(10));
  house.world.kill(pid);
  house.authority.answer('unavailable');
  expect(await answer).toBe('no-such-thread');
});

describe('RLIMIT_RTTIME', () => {
  test('that is set just after asking is seen', async () => {
    const house = new House();
    const pid = house.world.spawn();
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    house.world.setRttime(pid, 200_000n);
    await house.clock.advance(10);
    expect(await answer).toBe('granted');
  });

  test('that is never set is not waited for long', async () => {
    const house = new House();
    const pid = house.world.spawn();
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    await house.clock.advance(10);
    expect(await answer).toBe('rttime-unset');
  });

  describe('under the policy "clamp"', () => {
    const clamping = () => new House({ rulebook: new Rulebook({ ...defaultLimits, rttimePolicy: 'clamp' }) });
    const ask = async (house: House, pid: Pid): Promise<string> => {
      const [answer] = await house.asking(pid, mainThread(pid), rr(10));
      await house.clock.advance(10);
      return answer as Promise<string>;
    };

    test('is given to who has none', async () => {
      const house = clamping();
      const pid = house.world.spawn();
      expect(await ask(house, pid)).toBe('granted');
      expect(house.world.rttimeOf(pid)).toBe(200_000n);
    });

    test('is left to who sets it, even if late', async () => {
      const house = clamping();
      const pid = house.world.spawn();
      const [answer] = await house.asking(pid, mainThread(pid), rr(10));
      house.world.setRttime(pid, 50_000n);
      await house.clock.advance(10);
      expect(await answer).toBe('granted');
      expect(house.world.rttimeOf(pid)).toBe(50_000n);
    });

    test('is not lowered for who has too high a one', async () => {
      const house = clamping();
      const pid = house.world.spawn({ rttimeUsec: 200_001n });
      expect(await ask(house, pid)).toBe('rttime-above-limit');
      expect(house.world.rttimeOf(pid)).toBe(200_001n);
    });

    test('is wanting where the broker may not give it', async () => {
      const house = clamping();
      house.world.processes.mayLimit = false;
      const pid = house.world.spawn();
      expect(await ask(house, pid)).toBe('rttime-unset');
      expect(house.world.runsAs(mainThread(pid))?.policy).toBe('other');
      expect(house.watchdog.watching()).toBe(0);
      expect(house.broker.totals.threads).toBe(0);
    });

    test('is not given to who is refused for another reason', async () => {
      const house = clamping();
      house.authority.mood = 'refuse';
      const pid = house.world.spawn();
      expect(await ask(house, pid)).toBe('not-authorized');
      expect(house.world.rttimeOf(pid)).toBe('unlimited');
    });
  });

  test('that was raised while polkit was asked is judged as it is then', async () => {
    const house = new House();
    const pid = house.spawn();
    house.authority.mood = 'wait';
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    house.world.setRttime(pid, 200_001n);
    house.authority.answer('allow');
    expect(await answer).toBe('rttime-above-limit');
  });
});

describe('the last place', () => {
  const one = { ...defaultLimits, realtimeThreadsPerUserMax: 1 };

  test('goes to one of two who wait at polkit together', async () => {
    const house = new House({ rulebook: new Rulebook(one) });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    house.authority.mood = 'wait';
    const [first] = await house.asking(pid, mainThread(pid), rr(10));
    const [second] = await house.asking(pid, tid, rr(10));
    expect(await second).toBe('thread-limit');
    house.authority.answer('allow');
    expect(await first).toBe('granted');
  });

  test('is free again when polkit refused the first', async () => {
    const house = new House({ rulebook: new Rulebook(one) });
    const pid = house.spawn();
    house.authority.mood = 'refuse';
    await house.ask(pid, mainThread(pid), rr(10));
    house.authority.mood = 'allow';
    expect(await house.ask(pid, house.world.addThread(pid), rr(10))).toBe('granted');
  });

  test('of one who has ended is found before anybody is refused', async () => {
    const house = new House({ rulebook: new Rulebook(one) });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    await house.ask(pid, tid, rr(10));
    house.world.endThread(pid, tid);
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    expect(house.used(pid, 'realtime')).toBe(1);
  });

  test('of another user is not ours', async () => {
    const house = new House({ rulebook: new Rulebook(one) });
    const [mine, yours] = [house.spawn(alice), house.spawn(bob)];
    expect(await house.ask(mine, mainThread(mine), rr(10))).toBe('granted');
    expect(await house.ask(yours, mainThread(yours), rr(10))).toBe('granted');
  });
});

describe('who asks too often', () => {
  const burst = { ...defaultBurst, processRequests: 2, userRequests: 3 };

  test('is refused, late, and then may again', async () => {
    const house = new House({ burst });
    const pid = house.spawn();
    for (const _ of [1, 2]) expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    expect(house.clock.sleeping).toBeGreaterThan(0);
    await house.clock.advance(250);
    expect(await answer).toBe('burst');
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
  });

  test('over many connections is refused one by one, and the last within a second', async () => {
    const house = new House({ burst });
    const pid = house.spawn();
    for (const _ of [1, 2]) await house.ask(pid, mainThread(pid), rr(10));
    let refused = 0;
    for (let connection = 0; connection < 200; connection++) {
      const [answer] = await house.asking(pid, mainThread(pid), rr(10));
      void answer?.then(() => refused++);
    }
    expect(refused).toBe(0);
    await house.clock.advance(250);
    expect(refused).toBe(1);
    await house.clock.advance(450);
    expect(refused).toBeGreaterThan(50);
    expect(refused).toBeLessThan(150);
    await house.clock.advance(300);
    expect(refused).toBe(200);
  });

  test('does not trouble polkit', async () => {
    const house = new House({ burst: { ...burst, userRequests: 1 } });
    const pid = house.spawn();
    await house.ask(pid, mainThread(pid), rr(10));
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    await house.clock.advance(1000);
    expect(await answer).toBe('burst');
    expect(house.authority.asked.length).toBe(1);
  });

  test('is a process, and the others of its user go on', async () => {
    const house = new House({ burst });
    const [loud, quiet] = [house.spawn(), house.spawn()];
    for (const _ of [1, 2]) await house.ask(loud, mainThread(loud), rr(10));
    expect(await house.ask(quiet, mainThread(quiet), rr(10))).toBe('granted');
  });

  test('pays for what is not there, too', async () => {
    const house = new House({ burst });
    const pid = house.spawn();
    const answers: Promise<string>[] = [];
    for (const _ of [1, 2, 3]) answers.push(...(await house.asking(pid, 999_999 as never, rr(10))));
    await house.clock.advance(1000);
    expect(await Promise.all(answers)).toEqual(['no-such-thread', 'no-such-thread', 'burst']);
  });

  test('charges nothing to his user for what is refused at once', async () => {
    const house = new House({ burst });
    const [loud, quiet] = [house.spawn(), house.spawn()];
    for (const _ of [1, 2]) expect(await house.ask(loud, mainThread(loud), rr(99))).toBe('priority-above-limit');
    expect(house.broker.limits(house.world.caller(quiet)).requestsLeft).toBe(3);
  });

  test('may always give back', async () => {
    const house = new House({ burst: { ...burst, processRequests: 1 } });
    const pid = house.spawn();
    await house.ask(pid, mainThread(pid), rr(10));
    expect(await house.ask(pid, mainThread(pid), nice(0))).toBe('granted');
    expect(house.world.runsAs(mainThread(pid))).toMatchObject({ policy: 'other', nice: 0 });
    expect(house.broker.totals.threads).toBe(0);
    expect(house.world.processes.openHandles).toBe(0);
  });
});

test('of grants one sees his own, or all', async () => {
  const house = new House();
  const [mine, yours] = [house.spawn(alice), house.spawn(bob)];
  for (const pid of [mine, yours]) await house.ask(pid, mainThread(pid), rr(10));
  const pids = (pid: Pid, reach: Reach) =>
    [...house.broker.grants(house.world.caller(pid), reach)].map(({ grant }) => grant.thread.process.pid);
  expect(pids(mine, 'own')).toEqual([mine]);
  expect(pids(mine, 'anyone')).toEqual([mine, yours]);
  await settled();
});

describe('a list that is read slowly', () => {
  /** Three granted threads of alice's, and the list of them of which one has been read. */
  const begun = async () => {
    const house = new House();
    const pid = house.spawn();
    const [first, second, third] = [mainThread(pid), house.world.addThread(pid), house.world.addThread(pid)];
    for (const tid of [first, second, third]) await house.ask(pid, tid, rr(10));
    const views = house.broker.grants(house.world.caller(pid), 'own')[Symbol.iterator]();
    views.next();
    const restOfViews = () => [...{ [Symbol.iterator]: () => views }];
    const rest = () => restOfViews().map(({ grant }) => [grant.thread.tid, grant.scheduling]);
    return { house, pid, second, third, restOfViews, rest };
  };

  test('looks at a thread only when its turn comes', async () => {
    const { house, third, restOfViews } = await begun();
    house.world.letRunAs(third, { policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    expect(restOfViews().map(({ state }) => state)).toEqual(['active', 'drifted']);
  });

  test('leaves out what has ended meanwhile', async () => {
    const { house, pid, second, third, rest } = await begun();
    await house.ask(pid, second, nice(0));
    expect(rest()).toEqual([[third, rr(10)]]);
  });

  test('leaves out a thread that has gone, though nobody has noticed yet', async () => {
    const { house, pid, second, third, rest } = await begun();
    house.world.endThread(pid, third);
    expect(rest()).toEqual([[second, rr(10)]]);
  });

  test('has a thread that was granted anew meanwhile once, as it is now', async () => {
    const { house, pid, second, third, rest } = await begun();
    await house.ask(pid, second, rr(12));
    expect(rest()).toEqual([
      [second, rr(12)],
      [third, rr(10)],
    ]);
  });

  test('has no end that others can put off', async () => {
    const { house, pid, second, third, rest } = await begun();
    await house.ask(pid, house.world.addThread(pid), rr(10));
    expect(rest()).toEqual([
      [second, rr(10)],
      [third, rr(10)],
    ]);
  });

  test("tells nobody of what is another user's by now", async () => {
    const { house, pid, second, third, rest } = await begun();
    house.world.setUids(pid, bob, bob, bob);
    expect(await house.ask(pid, second, rr(10))).toBe('granted');
    expect(house.view(second)?.grant.thread.process.uid).toBe(bob);
    expect(house.view(third)).toBeUndefined();
    expect(rest()).toEqual([]);
  });
});

describe('rules', () => {
  const bookOf = (...rules: readonly Rule[]) => new Rulebook(defaultLimits, rules);
  const forAlice = { user: alice };
  const tightened: Rule = { conditions: forAlice, limits: { realtimePriorityMax: 5 }, origin: 'f:1' };
  const refusing: Rule = { conditions: forAlice, limits: {}, refuse: true, origin: 'f:3' };

  test('make the limits of whom they mean', async () => {
    const house = new House({ rulebook: bookOf(tightened) });
    const [mine, yours] = [house.spawn(), house.spawn(bob)];
    expect(await house.ask(mine, mainThread(mine), rr(6))).toBe('priority-above-limit');
    expect(await house.ask(mine, mainThread(mine), rr(5))).toBe('granted');
    expect(await house.ask(yours, mainThread(yours), rr(20))).toBe('granted');
    expect(house.broker.limits(house.world.caller(mine)).terms.limits.realtimePriorityMax).toBe(5);
    expect(house.broker.limits(house.world.caller(yours)).terms.limits.realtimePriorityMax).toBe(20);
  });

  test('look at the target, not at the caller', async () => {
    const house = new House({ rulebook: bookOf(tightened) });
    const [admin, pid] = [house.spawn(root), house.spawn()];
    const wanted = { face: 'own', process: BigInt(pid), thread: 0n, scheduling: rr(6) } as const;
    const asked = house.broker.acquire(house.world.caller(admin), wanted);
    await expect(asked).rejects.toMatchObject({ refusal: { reason: 'priority-above-limit', rule: 'f:1' } });
  });

  test('refuse whom they mean before polkit is asked, but let him give back', async () => {
    const rulebook = bookOf();
    const house = new House({ rulebook });
    const pid = house.spawn();
    expect(await house.ask(pid, mainThread(pid), rr(5))).toBe('granted');
    rulebook.replace(defaultLimits, [refusing]);
    house.authority.asked.length = 0;
    expect(await house.ask(pid, mainThread(pid), rr(5))).toBe('refused-by-rule');
    expect(house.authority.asked).toEqual([]);
    expect(house.view(mainThread(pid))).toMatchObject({ state: 'active', excess: 'refused-by-rule' });
    expect(await house.ask(pid, mainThread(pid), nice(0))).toBe('granted');
  });

  test('that come while polkit is asked count', async () => {
    const rulebook = bookOf();
    const house = new House({ rulebook });
    const pid = house.spawn();
    house.authority.mood = 'wait';
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    rulebook.replace(defaultLimits, [tightened]);
    house.authority.answer('allow');
    expect(await answer).toBe('priority-above-limit');
    expect(house.used(pid, 'realtime')).toBe(0);
  });

  test('count for what the process is by then', async () => {
    const house = new House({ rulebook: bookOf({ ...tightened, conditions: { executable: '/usr/bin/hog' } }) });
    const pid = house.spawn();
    house.authority.mood = 'wait';
    const [answer] = await house.asking(pid, mainThread(pid), rr(10));
    house.world.setNames(pid, 'hog', '/usr/bin/hog');
    house.authority.answer('allow');
    expect(await answer).toBe('priority-above-limit');
  });

  test('take away nothing that was granted, and say what is above them', async () => {
    const rulebook = bookOf();
    const house = new House({ rulebook });
    const pid = house.spawn();
    await house.ask(pid, mainThread(pid), rr(10));
    expect(house.view(mainThread(pid))?.excess).toBeUndefined();
    rulebook.replace(defaultLimits, [tightened]);
    expect(house.view(mainThread(pid))).toMatchObject({ state: 'active', excess: 'priority-above-limit' });
    expect(house.world.runsAs(mainThread(pid))?.priority).toBe(10);
  });

  test('leave what RealtimeKit1 advertised good there for RLIMIT_RTTIME', async () => {
    const rulebook = bookOf();
    const house = new House({ rulebook });
    rulebook.replace({ ...defaultLimits, rttimeUsecMax: 100_000n }, []);
    const pid = house.spawn();
    expect(await house.ask(pid, mainThread(pid), rr(10), 'own')).toBe('rttime-above-limit');
    expect(await house.ask(pid, mainThread(pid), rr(10), 'realtimekit1')).toBe('granted');
  });
});
