import { describe, expect, test } from 'vitest';
import { defaultBurst, defaultLimits } from '../src/core/limits.ts';
import { Rulebook } from '../src/core/rulebook.ts';
import type { Attributes, Scheduling } from '../src/core/scheduling.ts';
import type { Pid, Tid, Uid } from '../src/core/thread.ts';
import type { Caller, Patience, Target } from '../src/ports.ts';
import { Refused } from '../src/refused.ts';
import { alice, bob, mainThread, root } from './contracts/stage.ts';
import { House, nice, rr } from './house.ts';

const of = (pid: Pid, tid: Tid): Target => ({ process: BigInt(pid), thread: BigInt(tid) });
const normal: Attributes = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };

/** @returns 'done', or why not */
const outcome = (deed: Promise<unknown>): Promise<string> =>
  deed.then(
    () => 'done',
    (fault) => {
      if (fault instanceof Refused) return fault.refusal.reason;
      throw fault;
    },
  );

/** A granted thread of alice's, and the callers that may want something of it. */
const scene = async ({
  before = normal,
  scheduling = rr(10),
}: {
  before?: Attributes;
  scheduling?: Scheduling;
} = {}) => {
  const house = new House();
  const pid = house.spawn(alice);
  const tid = house.world.addThread(pid);
  house.world.letRunAs(tid, before);
  expect(await house.ask(pid, tid, scheduling)).toBe('granted');
  const caller = (uid: Uid): Caller => house.world.caller(house.spawn(uid));
  return { house, pid, tid, target: of(pid, tid), owner: caller(alice), stranger: caller(bob), root: caller(root) };
};
type Scene = Awaited<ReturnType<typeof scene>>;

describe('ReleaseThread', () => {
  const release = ({ house, target }: Scene, by: Caller, patience: Patience = 'usual') =>
    outcome(house.broker.administration.release(by, target, patience));

  for (const before of [normal, { ...normal, nice: 5 }, { ...normal, policy: 'fifo', priority: 30 }] as const)
    test(`by its owner puts the thread back to ${before.policy} ${before.priority || before.nice}`, async () => {
      const all = await scene({ before });
      const { house, pid, tid, owner } = all;
      expect(await release(all, owner)).toBe('done');
      expect(house.world.runsAs(tid)).toEqual(before);
      expect(house.broker.totals.threads).toBe(0);
      expect(house.watchdog.watching()).toBe(0);
      expect(house.world.processes.openHandles).toBe(0);
      expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'released' });
      const line = { reason: 'released', tid, pid, byUid: alice, byPid: owner.pid };
      expect(house.journal.entries.at(-1)).toMatchObject({ level: 'info', fields: line });
      expect(house.authority.askedOfCallers).toEqual([]);
    });

  test('goes back behind all grants the thread had', async () => {
    const all = await scene({ before: { ...normal, nice: 5 } });
    for (const next of [nice(-10), rr(12)]) expect(await all.house.ask(all.pid, all.tid, next)).toBe('granted');
    expect(await release(all, all.owner)).toBe('done');
    expect(all.house.world.runsAs(all.tid)).toEqual({ ...normal, nice: 5 });
  });

  test('leaves alone what somebody changed since', async () => {
    const all = await scene();
    const changed = { ...normal, policy: 'batch', nice: 3 } as const;
    all.house.world.letRunAs(all.tid, changed);
    expect(await release(all, all.owner)).toBe('done');
    expect(all.house.world.runsAs(all.tid)).toEqual(changed);
    expect(all.house.broker.totals.threads).toBe(0);
  });

  test('takes from the owner what he lowered himself', async () => {
    const all = await scene();
    all.house.world.letRunAs(all.tid, { ...normal, resetOnFork: true });
    expect(await release(all, all.owner)).toBe('done');
    expect(all.house.world.runsAs(all.tid)).toEqual(normal);
  });

  test('of a demoted thread ends its cool-down as an ordinary one', async () => {
    const all = await scene();
    all.house.world.letRunAs(all.tid, normal);
    all.house.watchdog.demoted(all.house.world.thread(all.tid));
    expect(await release(all, all.owner)).toBe('done');
    await all.house.clock.advance(60_000);
    expect(all.house.world.runsAs(all.tid)).toEqual(normal);
  });

  test('is for root, and for who may manage, and for nobody else', async () => {
    const all = await scene();
    expect(await release(all, all.stranger)).toBe('not-authorized');
    expect(all.house.world.runsAs(all.tid)?.policy).toBe('rr');
    all.house.authority.permits = 'allow';
    expect(await release(all, all.stranger, 'interactive')).toBe('done');
    expect(all.house.authority.askedOfCallers.map(({ right, patience }) => [right, patience])).toEqual([
      ['manage', 'usual'],
      ['manage', 'interactive'],
    ]);
    const other = await scene();
    expect(await release(other, other.root)).toBe('done');
    expect(other.house.authority.askedOfCallers).toEqual([]);
  });

  test('of a thread without a grant, or of none, says so', async () => {
    const { house, pid, owner } = await scene();
    const released = (target: Target) => outcome(house.broker.administration.release(owner, target, 'usual'));
    expect(await released(of(pid, mainThread(pid)))).toBe('no-such-thread');
    expect(await released({ process: BigInt(pid), thread: 999_999n })).toBe('no-such-thread');
    expect(await released({ process: 999_999n, thread: 0n })).toBe('no-such-thread');
  });
});

describe('DemoteThread', () => {
  const demote = ({ house, target }: Scene, by: Caller) =>
    outcome(house.broker.administration.demote(by, target, 'usual'));

  test('makes the thread an ordinary one, whatever it was before, and names who did it', async () => {
    const all = await scene({ before: { ...normal, nice: -3 } });
    const { house, tid, root: admin } = all;
    expect(await demote(all, admin)).toBe('done');
    expect(house.world.runsAs(tid)).toEqual(normal);
    expect(house.news.at(-1)).toMatchObject({ kind: 'removed', reason: 'administrator' });
    const line = house.journal.entries.at(-1);
    expect(line?.text).toContain(`demoted by uid 0 (process ${admin.pid})`);
    expect(line?.fields).toMatchObject({ tid, uid: alice, byUid: 0, byPid: admin.pid });
  });

  test('is not for its owner, and not without leave', async () => {
    const all = await scene();
    for (const by of [all.owner, all.stranger]) expect(await demote(all, by)).toBe('not-authorized');
    expect(all.house.world.runsAs(all.tid)?.policy).toBe('rr');
    all.house.authority.permits = 'challenge';
    expect(await demote(all, all.owner)).toBe('authentication-required');
    all.house.authority.permits = 'unavailable';
    expect(await demote(all, all.owner)).toBe('authority-unavailable');
    all.house.authority.permits = 'allow';
    expect(await demote(all, all.owner)).toBe('done');
  });

  test('that the kernel does not want is a fault, and the grant stays', async () => {
    const all = await scene();
    all.house.world.scheduler.stubborn = all.tid;
    await expect(demote(all, all.root)).rejects.toThrow('EACCES');
    expect(all.house.view(all.tid)).toBeDefined();
  });

  test('of a thread without a grant says so', async () => {
    const { house, pid, root: admin } = await scene();
    expect(await outcome(house.broker.administration.demote(admin, of(pid, mainThread(pid)), 'usual'))).toBe(
      'no-such-thread',
    );
  });
});

describe('DemoteAll', () => {
  test('demotes everybody, for who may manage', async () => {
    const { house, tid, stranger, root: admin } = await scene();
    const other = house.spawn(bob);
    await house.ask(other, mainThread(other), nice(-5));
    expect(await outcome(house.broker.administration.demoteAll(stranger, 'usual'))).toBe('not-authorized');
    expect(house.broker.totals.threads).toBe(2);
    expect(await outcome(house.broker.administration.demoteAll(admin, 'usual'))).toBe('done');
    expect([house.world.runsAs(tid), house.world.runsAs(mainThread(other))]).toEqual([normal, normal]);
    expect(house.broker.totals.threads).toBe(0);
  });
});

describe('to reload the configuration', () => {
  test('needs leave', async () => {
    const { house, owner, root: admin } = await scene();
    const { administration } = house.broker;
    expect(await outcome(administration.reload(owner, 'usual'))).toBe('not-authorized');
    expect(house.configuration.reloads).toEqual([]);
    house.authority.permits = 'allow';
    expect(await outcome(administration.reload(owner, 'usual'))).toBe('done');
    expect(await outcome(administration.reload(admin, 'usual'))).toBe('done');
    expect(house.configuration.reloads).toEqual([owner, admin]);
  });

  test('fails for who hears why', async () => {
    const { house, root: admin } = await scene();
    house.configuration.onReload = () => {
      throw new Refused({ reason: 'invalid-configuration', problems: 'f:1:1: no' });
    };
    expect(await outcome(house.broker.administration.reload(admin, 'usual'))).toBe('invalid-configuration');
  });

  test('takes no grant away, and tells that limits may be others', async () => {
    const { house, tid } = await scene();
    house.news.length = 0;
    house.broker.reconfigure({
      burst: { ...defaultBurst, userRequests: 1, userRefillPerSec: 1 },
      cooldownSec: 1,
      reassertDrifted: false,
    });
    expect(house.news).toEqual([{ kind: 'reconfigured' }]);
    expect(house.view(tid)?.state).toBe('active');
    expect(house.broker.limits(house.world.caller(house.spawn(bob)))).toMatchObject({
      burst: { userRequests: 1 },
      requestsLeft: 1,
    });
  });
});

describe('whose grants one may see', () => {
  test('is everybody’s for root and by leave, and else one’s own, whatever keeps polkit', async () => {
    const { house, stranger, root: admin } = await scene();
    const reach = (by: Caller, patience: Patience = 'usual') => house.broker.administration.reach(by, patience);
    expect(await reach(admin)).toBe('anyone');
    for (const mood of ['refuse', 'challenge', 'unavailable'] as const) {
      house.authority.permits = mood;
      expect(await reach(stranger)).toBe('own');
    }
    expect(house.authority.askedOfCallers.map(({ patience }) => patience)).toEqual(['brief', 'brief', 'brief']);
    house.authority.permits = 'challenge';
    expect(await reach(stranger, 'interactive')).toBe('anyone');
  });

  test('is not asked without end, and costs no program its tokens', async () => {
    const house = new House({ burst: { ...defaultBurst, userRequests: 2, userRefillPerSec: 1 } });
    const pid = house.spawn();
    const caller = house.world.caller(pid);
    for (const _ of [1, 2]) expect(await house.broker.administration.reach(caller, 'usual')).toBe('own');
    const third = outcome(house.broker.administration.reach(caller, 'usual'));
    await house.clock.advance(1000);
    expect(await third).toBe('burst');
    expect(house.authority.askedOfCallers).toHaveLength(2);
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
  });
});

describe('Explain', () => {
  const explain = async (house: House, by: Caller, target: Target, priority = 10, patience: Patience = 'usual') =>
    (await house.broker.explain(by, target, rr(priority), patience))?.reason ?? 'would be granted';

  const rows: readonly (readonly [
    title: string,
    reason: string,
    prepare: (house: House, pid: Pid) => unknown,
    priority?: number,
  ])[] = [
    ['as it is', 'would be granted', () => {}],
    ['the highest priority', 'would be granted', () => {}, 20],
    ['above the limit', 'priority-above-limit', () => {}, 21],
    ['no priority', 'invalid-priority', () => {}, 0],
    ['without RLIMIT_RTTIME', 'rttime-unset', (house, pid) => house.world.setRttime(pid, 'unlimited')],
    ['with too much of it', 'rttime-above-limit', (house, pid) => house.world.setRttime(pid, 200_001n)],
    ['with too little', 'rttime-too-low', (house, pid) => house.world.setRttime(pid, 1n)],
    [
      'without polkit’s leave',
      'not-authorized',
      (house) => {
        house.authority.mood = 'refuse';
      },
    ],
    [
      'with a password',
      'authentication-required',
      (house) => {
        house.authority.mood = 'challenge';
      },
    ],
    [
      'without polkit',
      'authority-unavailable',
      (house) => {
        house.authority.mood = 'unavailable';
      },
    ],
    [
      'without descriptors',
      'kernel-refused',
      (house) => {
        house.world.processes.descriptorsLeft = 0;
      },
    ],
  ];
  for (const [title, reason, prepare, priority] of rows)
    test(`says what would come of it: ${title}`, async () => {
      const house = new House();
      const pid = house.spawn();
      const tid = house.world.addThread(pid);
      prepare(house, pid);
      const caller = house.world.caller(pid);
      expect(await explain(house, caller, of(pid, tid), priority)).toBe(reason);
      // Nothing has come of it, and the request itself is told the same.
      expect(house.world.runsAs(tid)).toEqual(normal);
      expect(house.broker.totals.threads).toBe(0);
      expect([house.watchdog.watching(), house.world.processes.openHandles]).toEqual([0, 0]);
      expect([house.news, house.journal.entries]).toEqual([[], []]);
      expect(house.broker.limits(caller).requestsLeft).toBe(64);
      const [asking] = await house.asking(pid, tid, rr(priority ?? 10));
      await house.clock.advance(10);
      expect(await asking).toBe(reason === 'would be granted' ? 'granted' : reason);
    });

  test('nobody is watched or held open while polkit is asked', async () => {
    const house = new House();
    house.authority.mood = 'wait';
    const pid = house.spawn(alice);
    const asked = explain(house, house.world.caller(pid), of(pid, mainThread(pid)));
    await expect.poll(() => house.authority.waiting).toBe(1);
    expect([house.watchdog.watching(), house.world.processes.openHandles]).toEqual([0, 0]);
    house.authority.answer('allow');
    expect(await asked).toBe('would be granted');
  });

  test('knows of places that are taken, tokens that are spent, and cool-downs', async () => {
    const rulebook = new Rulebook({ ...defaultLimits, realtimeThreadsPerUserMax: 1 });
    const house = new House({ rulebook, burst: { ...defaultBurst, processRequests: 2 } });
    const pid = house.spawn();
    const tid = house.world.addThread(pid);
    await house.ask(pid, tid, rr(10));
    const caller = house.world.caller(house.spawn());
    expect(await explain(house, caller, of(pid, mainThread(pid)))).toBe('thread-limit');
    expect(await explain(house, caller, of(pid, tid))).toBe('would be granted');
    await house.ask(pid, tid, rr(11));
    expect(await explain(house, caller, of(pid, tid))).toBe('burst');
    await house.clock.advance(1000);
    house.world.letRunAs(tid, normal);
    house.watchdog.demoted(house.world.thread(tid));
    expect(await explain(house, caller, of(pid, tid))).toBe('cooling-down');
  });

  test('asks polkit about the target, never with a dialog, and not of root', async () => {
    const house = new House();
    const [mine, roots] = [house.spawn(), house.spawn(root)];
    const admin = house.world.caller(roots);
    await explain(house, admin, of(mine, mainThread(mine)), 10, 'interactive');
    expect(house.authority.asked).toMatchObject([
      { subject: { pid: mine, uid: alice }, face: 'own', kind: 'realtime' },
    ]);
    house.authority.mood = 'refuse';
    expect(await explain(house, admin, of(roots, mainThread(roots)))).toBe('would be granted');
    expect(house.authority.asked).toHaveLength(1);
  });

  test('is about others’ threads for who may inspect alone', async () => {
    const house = new House();
    const [mine, other] = [house.spawn(), house.spawn(bob)];
    const stranger = house.world.caller(other);
    const asked = (patience: Patience) =>
      outcome(house.broker.explain(stranger, of(mine, mainThread(mine)), rr(10), patience));
    expect(await asked('usual')).toBe('not-authorized');
    house.authority.permits = 'challenge';
    expect(await asked('usual')).toBe('authentication-required');
    expect(await asked('interactive')).toBe('done');
    expect(house.authority.askedOfCallers.every(({ right }) => right === 'inspect')).toBe(true);
  });

  test('of no thread is an error, not an answer', async () => {
    const house = new House();
    const pid = house.spawn();
    const caller = house.world.caller(pid);
    expect(await outcome(house.broker.explain(caller, { process: BigInt(pid), thread: 999_999n }, rr(10)))).toBe(
      'no-such-thread',
    );
  });

  test('may not be asked without end', async () => {
    const house = new House({ burst: { ...defaultBurst, userRequests: 2 } });
    const pid = house.spawn();
    const caller = house.world.caller(pid);
    for (const _ of [1, 2]) await explain(house, caller, of(pid, mainThread(pid)));
    const third = outcome(house.broker.explain(caller, of(pid, mainThread(pid)), rr(10)));
    await house.clock.advance(1000);
    expect(await third).toBe('burst');
    expect(house.authority.asked).toHaveLength(2);
  });
});
