import { describe, expect, test } from 'vitest';
import type { Legacy } from '../src/core/legacy.ts';
import { type Attributes, ordinary, type Scheduling } from '../src/core/scheduling.ts';
import type { Tid } from '../src/core/thread.ts';
import { Refused } from '../src/refused.ts';
import { alice, mainThread, root } from './contracts/stage.ts';
import { settled } from './fakes/clock.ts';
import { FakeWatchdog } from './fakes/watchdog.ts';
import { House, nice, rr } from './house.ts';

const atRr = (priority: number): Attributes => ({ policy: 'rr', priority, nice: 0, resetOnFork: true });

async function granted(scheduling: Scheduling = rr(10)) {
  const house = new House();
  const pid = house.spawn();
  const tid = house.world.addThread(pid);
  expect(await house.ask(pid, tid, scheduling)).toBe('granted');
  return { house, pid, tid, thread: house.world.thread(tid) };
}

const lastLine = (house: House) => house.journal.entries.at(-1)?.text;

describe('a successor', () => {
  test('has every grant as it was, watches its thread, and says so in one line', async () => {
    const { house, pid, tid } = await granted();
    expect(await house.ask(pid, mainThread(pid), nice(-5))).toBe('granted');
    const before = [tid, mainThread(pid)].map((each) => house.view(each));
    const next = house.succeed();
    expect([tid, mainThread(pid)].map((each) => next.view(each))).toEqual(before);
    expect(next.broker.totals).toEqual({ threads: 2, processes: 1, users: 1 });
    expect(next.used(pid, 'realtime')).toBe(1);
    expect(next.watchdog.watching()).toBe(2);
    expect(next.world.processes.openHandles).toBe(2);
    expect(next.journal.entries).toMatchObject([
      { level: 'info', text: '2 of 2 grants were taken over from the broker before: 2 run as granted.' },
    ]);
    expect(next.news).toEqual([]);
  });

  test('of a successor has it too', async () => {
    const { house, tid } = await granted();
    const before = house.view(tid);
    expect(house.succeed().succeed().succeed().view(tid)).toEqual(before);
  });

  test('hears when a thread ends that it took over', async () => {
    const { house, pid, tid } = await granted();
    const next = house.succeed();
    next.world.endThread(pid, tid);
    await settled();
    expect(next.broker.totals.threads).toBe(0);
    expect(next.watchdog.watching()).toBe(0);
    expect(next.logbook.legacy.threads).toEqual([]);
  });

  test('starts resumed: whom root had suspended has its grant back', async () => {
    const { house, tid } = await granted();
    await house.broker.suspension.suspend();
    expect(house.view(tid)).toMatchObject({ state: 'demoted', reason: 'suspended' });
    const next = house.succeed();
    await settled();
    expect(next.view(tid)).toMatchObject({ state: 'active', actual: atRr(10) });
    expect(next.broker.suspension.active).toBe(false);
    expect(next.watchdog.watching()).toBe(1);
  });

  test('says nothing where nothing was granted', () => {
    expect(new House().succeed().journal.entries).toEqual([]);
  });

  test('drops who has ended meanwhile, also when another has the tid by now', async () => {
    const { house, pid, tid } = await granted();
    const other = house.world.addThread(pid);
    await house.ask(pid, other, rr(5));
    const next = house.succeed(() => {
      house.world.endThread(pid, tid);
      house.world.endThread(pid, other);
      house.world.startSuccessor(pid, other);
      house.world.letRunAs(other, atRr(5));
    });
    expect(next.broker.totals.threads).toBe(0);
    expect(next.world.processes.openHandles).toBe(0);
    expect(next.watchdog.watching()).toBe(0);
    expect(next.world.runsAs(other)).toEqual(atRr(5));
    expect(lastLine(next)).toBe('0 of 2 grants were taken over from the broker before: 2 had ended.');
  });

  test('keeps what runs otherwise by now, as drifted', async () => {
    const { house, tid } = await granted();
    const next = house.succeed(() => house.world.letRunAs(tid, atRr(9)));
    expect(next.view(tid)).toMatchObject({ state: 'drifted' });
    expect(lastLine(next)).toContain('1 run otherwise by now');
  });

  test('drops who left realtime by himself meanwhile, as it would at any time', async () => {
    const { house, tid } = await granted();
    const next = house.succeed(() => house.world.letRunAs(tid, { ...ordinary, resetOnFork: true }));
    expect(next.view(tid)).toMatchObject({ state: 'drifted' });
    await next.clock.advance(10_000);
    expect(next.broker.totals.threads).toBe(0);
    expect(next.logbook.legacy.threads).toEqual([]);
  });

  test('demotes the leader of a granted worker that called exec meanwhile', async () => {
    const { house, pid, tid } = await granted();
    const next = house.succeed(() => house.world.exec(pid, tid, 'plain'));
    expect(next.world.runsAs(mainThread(pid))).toEqual(ordinary);
    expect(next.broker.totals.threads).toBe(0);
  });

  test('leaves a leader alone that has the same by a grant of its own', async () => {
    const { house, pid, tid } = await granted();
    await house.ask(pid, mainThread(pid), rr(10));
    const next = house.succeed(() => house.world.endThread(pid, tid));
    expect(next.view(mainThread(pid))).toMatchObject({ state: 'active' });
    expect(next.world.runsAs(mainThread(pid))).toEqual(atRr(10));
  });

  test('demotes whose process is another user’s by now', async () => {
    const { house, pid, tid } = await granted();
    const next = house.succeed(() => house.world.setUids(pid, root, root, root));
    expect(next.world.runsAs(tid)).toEqual(ordinary);
    expect(next.broker.totals.threads).toBe(0);
  });

  test('demotes whom it cannot watch, and says so', async () => {
    const { house, tid } = await granted();
    const legacy = house.logbook.legacy;
    house.world.killBroker();
    const next = new House({ watchdog: new FullWatchdog() }, house.world);
    await next.broker.adopt(legacy);
    expect(next.world.runsAs(tid)).toEqual(ordinary);
    expect(next.world.processes.openHandles).toBe(0);
    expect(next.journal.entries).toMatchObject([
      { level: 'error', fields: { tid } },
      { text: expect.stringMatching(/1 cannot be watched/) },
    ]);
  });
});

describe('a successor without a descriptor left', () => {
  const succeed = async (spared: number, meanwhile: (house: House, tid: Tid) => void = () => {}) => {
    const { house, tid } = await granted();
    const legacy = house.logbook.legacy;
    house.world.killBroker();
    meanwhile(house, tid);
    const next = new House({}, house.world);
    Object.assign(next.world.processes, { descriptorsLeft: 0, descriptorsSpared: spared });
    await next.broker.adopt(legacy);
    expect(next.broker.totals.threads).toBe(0);
    expect(next.world.processes.openHandles).toBe(0);
    return { ran: next.world.runsAs(tid), told: next.journal.entries[0] };
  };

  test('demotes whom it cannot watch', async () => {
    const { ran, told } = await succeed(1);
    expect(ran).toEqual(ordinary);
    expect(told).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/cannot be watched, and is not realtime any more: .*EMFILE/),
    });
  });

  test('leaves alone who runs by his own right', async () => {
    const own: Attributes = { policy: 'fifo', priority: 30, nice: 0, resetOnFork: false };
    const { ran } = await succeed(1, (house, tid) => house.world.letRunAs(tid, own));
    expect(ran).toEqual(own);
  });

  test('says that somebody stays realtime, when nothing at all can be opened', async () => {
    const { ran, told } = await succeed(0);
    expect(ran).toEqual(atRr(10));
    expect(told).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/cannot be watched, and stays as it is/),
    });
  });
});

describe('a broker killed', () => {
  /** Asks once more, and is killed at that point of it. @returns its successor */
  async function killedAt(point: 'beforeAct' | 'afterAct', scheduling: Scheduling, first?: Scheduling) {
    const { house, pid, tid } = await granted(first ?? nice(-1));
    if (first === undefined) expect(await house.ask(pid, tid, nice(0))).toBe('granted');
    const before = house.world.runsAs(tid);
    let legacy: Legacy | undefined;
    house.world[point] = () => {
      legacy = house.logbook.legacy;
    };
    await house.ask(pid, tid, scheduling);
    house.world[point] = undefined;
    if (legacy === undefined || before === undefined) throw new Error('it did not come to that point');
    if (point === 'beforeAct') house.world.letRunAs(tid, before);
    house.world.killBroker();
    const next = new House({}, house.world);
    await next.broker.adopt(legacy);
    return { next, tid };
  }

  test('before it acts has granted nothing', async () => {
    const { next, tid } = await killedAt('beforeAct', rr(10));
    expect(next.view(tid)).toBeUndefined();
    expect(next.world.runsAs(tid)?.policy).toBe('other');
    expect(lastLine(next)).toContain('1 had not been granted yet');
  });

  test('after it acts has granted it, though nobody was told', async () => {
    const { next, tid } = await killedAt('afterAct', rr(10));
    expect(next.view(tid)).toMatchObject({ state: 'active', grant: { scheduling: rr(10) } });
  });

  test('before it acts leaves the grant there was', async () => {
    const { next, tid } = await killedAt('beforeAct', rr(10), rr(5));
    expect(next.view(tid)).toMatchObject({ state: 'active', grant: { scheduling: rr(5) } });
  });

  test('after it acts leaves the new grant in place of the one there was', async () => {
    const { next, tid } = await killedAt('afterAct', rr(5), rr(10));
    expect(next.view(tid)).toMatchObject({ state: 'active', grant: { scheduling: rr(5) } });
  });

  test('before it demotes for good leaves that to its successor', async () => {
    const { house, tid } = await granted();
    house.world.scheduler.stubborn = tid;
    house.broker.demoteAll('stopped');
    house.world.scheduler.stubborn = undefined;
    const next = house.succeed();
    expect(next.world.runsAs(tid)).toEqual(ordinary);
    expect(next.broker.totals.threads).toBe(0);
    expect(lastLine(next)).toContain('1 were to be demoted');
  });

  test('after it has demoted all leaves nothing', async () => {
    const { house } = await granted();
    house.broker.demoteAll('stopped');
    expect(house.logbook.legacy.threads).toEqual([]);
  });
});

describe('what the watchdog demoted', () => {
  const demoted = async () => {
    const all = await granted();
    all.house.world.letRunAs(all.tid, ordinary);
    all.house.watchdog.demoted(all.thread);
    return all;
  };

  test('cools down on under a successor, for what was left, and is restored', async () => {
    const { house, pid, tid } = await demoted();
    await house.clock.advance(10_000);
    const next = house.succeed();
    expect(next.view(tid)).toMatchObject({ state: 'demoted', reason: 'silence' });
    expect(await next.ask(pid, mainThread(pid), rr(5))).toBe('cooling-down');
    await next.clock.advance(19_999);
    expect(next.view(tid)).toMatchObject({ state: 'demoted' });
    await next.clock.advance(1);
    expect(next.view(tid)).toMatchObject({ state: 'active' });
    expect(next.world.runsAs(tid)).toEqual(atRr(10));
    expect(next.watchdog.watching()).toBe(1);
  });

  test('and what was restored is active under a successor', async () => {
    const { house, tid } = await demoted();
    await house.clock.advance(30_000);
    expect(house.succeed().view(tid)).toMatchObject({ state: 'active' });
  });

  test('waits twice as long the second time, under whatever broker', async () => {
    const { house, thread, tid } = await demoted();
    await house.clock.advance(30_000);
    const next = house.succeed();
    next.world.letRunAs(tid, ordinary);
    next.watchdog.demoted(thread);
    await next.clock.advance(59_999);
    expect(next.view(tid)).toMatchObject({ state: 'demoted' });
    await next.clock.advance(1);
    expect(next.view(tid)).toMatchObject({ state: 'active' });
  });

  test('while no broker heard of it cools down as well', async () => {
    const { house, tid } = await granted();
    const next = house.succeed(() => house.world.letRunAs(tid, ordinary));
    expect(next.view(tid)).toMatchObject({ state: 'demoted', reason: 'unknown' });
    await next.clock.advance(30_000);
    expect(next.view(tid)).toMatchObject({ state: 'active' });
  });
});

test('a process cools down on over a stop and a start', async () => {
  const { house, pid, tid, thread } = await granted();
  house.world.letRunAs(tid, ordinary);
  house.watchdog.demoted(thread);
  house.broker.demoteAll('stopped');
  await house.clock.advance(10_000);
  const next = house.succeed();
  expect(next.broker.totals.threads).toBe(0);
  expect(await next.ask(pid, tid, rr(5))).toBe('cooling-down');
  await next.clock.advance(20_000);
  expect(await next.ask(pid, tid, rr(5))).toBe('granted');
});

test('of what may be forgotten, who runs realtime by some grant is told of, and nobody else', async () => {
  const { house, pid, tid } = await granted();
  const [forgotten, own, ofRoot] = [house.world.addThread(pid), house.world.addThread(pid), house.spawn(root)];
  house.world.letRunAs(forgotten, atRr(7));
  house.world.letRunAs(own, { ...atRr(7), resetOnFork: false });
  house.world.letRunAs(mainThread(ofRoot), atRr(7));
  const next = new House({}, house.world);
  await next.broker.adopt(house.logbook.legacy, true);
  const told = next.journal.entries.filter(({ level }) => level === 'warning');
  expect(told).toMatchObject([
    { fields: { tid: forgotten, pid, uid: alice, comm: 'actor', policy: 'rr', priority: 7 } },
  ]);
  expect(next.view(tid)).toMatchObject({ state: 'active' });
});

describe('what cannot be written down', () => {
  test('is not granted, and leaves nothing behind', async () => {
    const { house, pid, tid } = await granted();
    house.logbook.errno = 'ENOSPC';
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('kernel-refused');
    expect(house.world.runsAs(mainThread(pid))).toEqual(ordinary);
    expect(house.used(pid, 'realtime')).toBe(1);
    expect(house.watchdog.watching()).toBe(1);
    expect(house.world.processes.openHandles).toBe(1);

    house.logbook.errno = undefined;
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    expect(house.succeed().broker.totals.threads).toBe(2);
    expect(house.view(tid)).toBeDefined();
  });

  test('of what ends is made good later', async () => {
    const { house, pid, tid } = await granted();
    house.logbook.errno = 'ENOSPC';
    expect(await house.ask(pid, tid, nice(0))).toBe('granted');
    house.logbook.errno = undefined;
    expect(await house.ask(pid, mainThread(pid), rr(10))).toBe('granted');
    const next = house.succeed();
    expect(next.view(tid)).toBeUndefined();
    expect(next.view(mainThread(pid))).toBeDefined();
  });
});

class FullWatchdog extends FakeWatchdog {
  override enter(): never {
    throw new Refused({ reason: 'kernel-refused', call: 'enter', errno: 'ENOSPC', cause: 'Full.' });
  }
}
