import { describe, expect, test } from 'vitest';
import type { Gid, Process, Thread } from '../../src/core/thread.ts';
import type { Caller, ProcessTable, Reach, Target } from '../../src/ports.ts';
import { reasonOf, refusal } from './refusal.ts';
import { alice, bob, mainThread, root, type Stage } from './stage.ts';

/** What every ProcessTable and its handles promise. */
export function processTableContract(open: () => Stage): void {
  const find = (stage: Stage, caller: Caller, ids: Partial<Target>, reach?: Reach) =>
    stage.processes.find(caller, target(ids), reach);
  const thread = async (stage: Stage, pid: number, tid: number): Promise<Thread> => {
    const caller = stage.caller(pid as Process['pid']);
    return (await find(stage, caller, { thread: BigInt(tid) })).thread;
  };

  describe('finds', () => {
    test('the main thread of the caller for thread 0', async () => {
      using stage = open();
      const pid = stage.spawn();
      const found = await find(stage, stage.caller(pid), { thread: 0n });
      expect(found.thread).toMatchObject({ tid: pid, process: { pid, uid: alice } });
      expect(found.thread.starttime).toBe(found.thread.process.starttime);
      expect(found).toMatchObject({ comm: 'actor', program: expect.stringMatching(/\/actor$/) });
    });

    test('any thread of the caller by its tid', async () => {
      using stage = open();
      const pid = stage.spawn();
      const tids = [stage.addThread(pid), stage.addThread(pid), mainThread(pid)];
      for (const tid of tids) expect((await thread(stage, pid, tid)).tid).toBe(tid);
    });

    test('a thread of another process of the same user', async () => {
      using stage = open();
      const [caller, pid] = [stage.caller(stage.spawn()), stage.spawn()];
      const tid = stage.addThread(pid);
      const found = await find(stage, caller, { process: BigInt(pid), thread: BigInt(tid) });
      expect(found.thread).toMatchObject({ tid, process: { pid, uid: alice } });
      expect((await find(stage, caller, { process: BigInt(pid) })).thread.tid).toBe(pid);
    });

    test("anyone's thread for whose reach that is", async () => {
      using stage = open();
      const [caller, pid] = [stage.caller(stage.spawn()), stage.spawn({ uid: bob })];
      const found = await find(stage, caller, { process: BigInt(pid) }, 'anyone');
      expect(found.thread.process).toMatchObject({ pid, uid: bob });
    });

    test('a worker after the main thread has ended', async () => {
      using stage = open();
      const pid = stage.spawn();
      const tid = stage.addThread(pid);
      stage.leaveMainThread(pid);
      expect((await thread(stage, pid, tid)).tid).toBe(tid);
      expect(await reasonOf(() => thread(stage, pid, pid))).toBe('no-such-thread');
    });
  });

  describe('tells of every realtime thread', () => {
    const rr = { policy: 'rr', priority: 3, nice: 0, resetOnFork: false } as const;
    const tidsOf = async (stage: Stage): Promise<Set<number>> => {
      const tids = new Set<number>();
      for await (const { thread } of stage.processes.realtimeThreads()) tids.add(thread.tid);
      return tids;
    };

    test("whoever's, but root's", async () => {
      using stage = open();
      const [one, other] = [stage.spawn(), stage.spawn({ uid: bob })];
      const [worker, ordinary] = [stage.addThread(one), stage.addThread(one)];
      const [ofRoot, ofFormerRoot] = [stage.spawn({ uid: root }), stage.spawn({ uid: root })];
      stage.setUids(ofFormerRoot, alice, alice, root);
      for (const tid of [worker, mainThread(other), mainThread(ofRoot), mainThread(ofFormerRoot)])
        stage.letRunAs(tid, rr);
      stage.letRunAs(worker, { ...rr, policy: 'fifo' });
      stage.letRunAs(ordinary, { policy: 'batch', priority: 0, nice: -5, resetOnFork: false });

      const tids = await tidsOf(stage);
      const mine = [mainThread(one), worker, ordinary, mainThread(other), mainThread(ofRoot), mainThread(ofFormerRoot)];
      expect(mine.filter((tid) => tids.has(tid))).toEqual([worker, mainThread(other), mainThread(ofFormerRoot)]);
    });

    test('by what opens a handle on it', async () => {
      using stage = open();
      const tid = stage.addThread(stage.spawn());
      stage.letRunAs(tid, rr);
      for await (const { thread } of stage.processes.realtimeThreads()) {
        if (thread.tid !== tid) continue;
        using handle = stage.processes.open(thread);
        expect(stage.scheduler.attributes(handle)).toEqual(rr);
        return;
      }
      throw new Error('it was not told of');
    });
  });

  describe('finds no thread', () => {
    test('of another process', async () => {
      using stage = open();
      const [pid, other] = [stage.spawn(), stage.spawn()];
      const tid = stage.addThread(other);
      expect(await reasonOf(() => thread(stage, pid, tid))).toBe('no-such-thread');
      expect(await reasonOf(() => thread(stage, pid, other))).toBe('no-such-thread');
    });

    test("when a mere thread's id is passed as the process", async () => {
      using stage = open();
      const pid = stage.spawn();
      const tid = stage.addThread(pid);
      const ids = { process: BigInt(tid), thread: BigInt(tid) };
      expect(await reasonOf(() => find(stage, stage.caller(pid), ids))).toBe('no-such-thread');
      expect(await reasonOf(() => find(stage, stage.caller(pid), { process: BigInt(tid) }))).toBe('no-such-thread');
    });

    test('that has ended', async () => {
      using stage = open();
      const pid = stage.spawn();
      const tid = stage.addThread(pid);
      stage.endThread(pid, tid);
      expect(await reasonOf(() => thread(stage, pid, tid))).toBe('no-such-thread');
    });

    test('when the process, or the caller, has ended', async () => {
      using stage = open();
      const [pid, other] = [stage.spawn(), stage.spawn()];
      const [caller, gone] = [stage.caller(pid), stage.caller(other)];
      stage.kill(other);
      expect(await reasonOf(() => find(stage, caller, { process: BigInt(other) }))).toBe('no-such-thread');
      expect(await reasonOf(() => find(stage, gone, {}))).toBe('no-such-thread');
    });

    const impossible: readonly bigint[] = [2n ** 22n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 1n];
    for (const id of impossible) {
      test(`with the id ${id}`, async () => {
        using stage = open();
        const caller = stage.caller(stage.spawn());
        expect(await reasonOf(() => find(stage, caller, { thread: id }))).toBe('no-such-thread');
        expect(await reasonOf(() => find(stage, caller, { process: id }))).toBe('no-such-thread');
      });
    }

    for (const bit of [22n, 31n, 32n, 63n]) {
      test(`by an id that is right but for bit ${bit}`, async () => {
        using stage = open();
        const pid = stage.spawn();
        const id = BigInt(pid) + 2n ** bit;
        expect(await reasonOf(() => find(stage, stage.caller(pid), { thread: id }))).toBe('no-such-thread');
        expect(await reasonOf(() => find(stage, stage.caller(pid), { process: id }))).toBe('no-such-thread');
      });
    }

    test('of process 0, which is nobody', async () => {
      using stage = open();
      expect(await reasonOf(() => find(stage, stage.caller(stage.spawn()), { process: 0n }))).toBe('no-such-thread');
    });
  });

  describe('says whose process it is', () => {
    test("when it is another user's", async () => {
      using stage = open();
      const [caller, pid] = [stage.caller(stage.spawn({ uid: bob })), stage.spawn()];
      expect(await refusal(() => find(stage, caller, { process: BigInt(pid) }))).toEqual({
        reason: 'not-your-process',
        pid,
        uids: [alice, alice, alice, alice],
        caller: bob,
      });
    });

    test('when it is not what the bus says of the caller', async () => {
      using stage = open();
      const caller = stage.caller(stage.spawn(), bob);
      expect(await reasonOf(() => find(stage, caller, {}))).toBe('not-your-process');
    });

    test("when it is another's, to root within his own reach", async () => {
      using stage = open();
      const [caller, pid] = [stage.caller(stage.spawn({ uid: root })), stage.spawn()];
      const ids = { process: BigInt(pid) };
      expect(await reasonOf(() => find(stage, caller, ids))).toBe('not-your-process');
    });

    const mixed = [
      ['effective', alice, root, alice],
      ['saved', alice, alice, root],
      ['real', root, alice, alice],
    ] as const;
    for (const [which, real, effective, saved] of mixed) {
      test(`when its ${which} uid alone differs, for its user and for whose reach is anyone`, async () => {
        using stage = open();
        const pid = stage.spawn({ uid: root });
        const caller = stage.caller(stage.spawn({ uid: root }));
        stage.setUids(pid, real, effective, saved);
        expect(await reasonOf(() => find(stage, stage.caller(pid, alice), {}))).toBe('not-your-process');
        expect(await reasonOf(() => find(stage, caller, { process: BigInt(pid) }, 'anyone'))).toBe('not-your-process');
      });
    }
  });

  describe('a handle', () => {
    const start = async (stage: Stage) => {
      const pid = stage.spawn();
      const tid = stage.addThread(pid);
      return { pid, tid, worker: await thread(stage, pid, tid), main: await thread(stage, pid, pid) };
    };

    test('knows at once that its thread has ended', async () => {
      using stage = open();
      const { pid, tid, worker, main } = await start(stage);
      using handle = stage.processes.open(worker);
      using other = stage.processes.open(main);
      expect(handle.thread).toBe(worker);
      expect([handle.gone, other.gone]).toEqual([false, false]);
      stage.endThread(pid, tid);
      expect([handle.gone, other.gone]).toEqual([true, false]);
      stage.kill(pid);
      expect(other.gone).toBe(true);
    });

    test('tells all four uids of its thread, until that has ended', async () => {
      using stage = open();
      const pid = stage.spawn({ uid: root });
      const tid = stage.addThread(pid);
      using handle = stage.processes.open(await thread(stage, pid, tid));
      using main = stage.processes.open(await thread(stage, pid, pid));
      expect([handle.uids, main.uids]).toEqual([Array(4).fill(root), Array(4).fill(root)]);
      stage.setUids(pid, alice, bob, root);
      for (const { uids } of [handle, main]) expect(uids).toEqual([alice, bob, root, bob]);
      stage.kill(pid);
      handle.drop();
      for (const { gone, uids } of [handle, main]) expect(gone || uids === undefined).toBe(true);
      expect(handle.uids).toBeUndefined();
    });

    test('that is kept calls back once, when a worker ends', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      const handle = stage.processes.open(worker);
      const calls = callsOf(handle);
      stage.endThread(pid, tid);
      expect(calls.count).toBe(0);
      await calls.first;
      expect(handle.gone).toBe(true);
      await later();
      expect(calls.count).toBe(1);
    });

    test('that is kept calls back when a main thread ends with its process', async () => {
      using stage = open();
      const { pid, main } = await start(stage);
      const calls = callsOf(stage.processes.open(main));
      await later();
      expect(calls.count).toBe(0);
      stage.kill(pid);
      await calls.first;
    });

    test('on a main thread that ended before the others is gone, and the process is not', async () => {
      using stage = open();
      const { pid, tid, main, worker } = await start(stage);
      using handle = stage.processes.open(main);
      using other = stage.processes.open(worker);
      stage.leaveMainThread(pid);
      expect([handle.gone, other.gone]).toEqual([true, false]);
      expect(await thread(stage, pid, tid)).toEqual(worker);
    });

    test('kept too late calls back all the same, but not before keep returns', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      const handle = stage.processes.open(worker);
      stage.endThread(pid, tid);
      const calls = callsOf(handle);
      expect(calls.count).toBe(0);
      await calls.first;
    });

    test('that was dropped never calls back, and means nobody', async () => {
      using stage = open();
      const { pid, tid, worker, main } = await start(stage);
      const [dropped, kept] = [stage.processes.open(worker), stage.processes.open(main)];
      const [silent, calls] = [callsOf(dropped), callsOf(kept)];
      dropped.drop();
      dropped.drop();
      expect(dropped.gone).toBe(true);
      stage.endThread(pid, tid);
      stage.kill(pid);
      await calls.first;
      await later();
      expect(silent.count).toBe(0);
    });

    test('that is dropped while word is on its way never calls back', async () => {
      using stage = open();
      const { pid, tid, worker, main } = await start(stage);
      const [dropped, kept] = [stage.processes.open(worker), stage.processes.open(main)];
      const [silent, calls] = [callsOf(dropped), callsOf(kept)];
      stage.endThread(pid, tid);
      stage.kill(pid);
      dropped.drop();
      await calls.first;
      await later();
      expect(silent.count).toBe(0);
    });

    test('is closed by its scope, unless it was kept', async () => {
      using stage = open();
      const { worker, main } = await start(stage);
      const [scoped, kept] = [stage.processes.open(worker), stage.processes.open(main)];
      callsOf(kept);
      {
        using _scoped = scoped;
        using _kept = kept;
      }
      expect([scoped.gone, kept.gone]).toEqual([true, false]);
      kept.drop();
      expect(kept.gone).toBe(true);
    });

    test('is not given on a thread that has ended', async () => {
      using stage = open();
      const { pid, tid, worker, main } = await start(stage);
      stage.endThread(pid, tid);
      expect(await reasonOf(() => stage.processes.open(worker))).toBe('no-such-thread');
      stage.kill(pid);
      expect(await reasonOf(() => stage.processes.open(main))).toBe('no-such-thread');
    });

    test("is not given on a tid that is a stranger's by now", async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      stage.endThread(pid, tid);
      stage.startStranger(tid);
      expect(await reasonOf(() => stage.processes.open(worker))).toBe('no-such-thread');
    });

    test("is not given on a tid that is a successor's in the same process by now", async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      using handle = stage.processes.open(worker);
      stage.endThread(pid, tid);
      stage.startSuccessor(pid, tid);
      expect(handle.gone).toBe(true);
      expect(await reasonOf(() => stage.processes.open(worker))).toBe('no-such-thread');
    });

    test('on a worker that calls exec is gone; one on its main thread lives on', async () => {
      using stage = open();
      const { pid, tid, worker, main } = await start(stage);
      using handle = stage.processes.open(worker);
      using other = stage.processes.open(main);
      stage.exec(pid, tid, 'plain');
      expect([handle.gone, other.gone]).toEqual([true, false]);
      expect(await thread(stage, pid, pid)).toEqual(main);
    });
  });

  describe('a process', () => {
    const processOf = async (stage: Stage, pid: number) => (await thread(stage, pid, pid)).process;

    test('has the hard RLIMIT_RTTIME it set, or none', async () => {
      using stage = open();
      const [limited, unlimited] = [stage.spawn({ rttimeUsec: 200_000n }), stage.spawn()];
      expect(stage.processes.rttime(await processOf(stage, limited))).toBe(200_000n);
      expect(stage.processes.rttime(await processOf(stage, unlimited))).toBe('unlimited');
    });

    test('is given an RLIMIT_RTTIME, soft and hard', async () => {
      using stage = open();
      const pid = stage.spawn({ uid: root });
      const process = (await find(stage, stage.caller(pid), { thread: 0n })).thread.process;
      expect(stage.processes.limitRttime(process, 150_000n)).toBe(true);
      expect(stage.processes.rttime(process)).toBe(150_000n);
    });

    test('that is another one by now is given none', async () => {
      using stage = open();
      const pid = stage.spawn({ uid: root });
      const process = (await find(stage, stage.caller(pid), { thread: 0n })).thread.process;
      const older = { ...process, starttime: (process.starttime - 1n) as Process['starttime'] };
      expect(await reasonOf(() => stage.processes.limitRttime(older, 150_000n))).toBe('no-such-thread');
      expect(stage.processes.rttime(process)).toBe('unlimited');
    });

    test('that has ended has no RLIMIT_RTTIME', async () => {
      using stage = open();
      const pid = stage.spawn();
      const process = await processOf(stage, pid);
      stage.kill(pid);
      expect(await reasonOf(() => stage.processes.rttime(process))).toBe('no-such-thread');
    });

    test('is asked for its RLIMIT_RTTIME by who holds a thread of it, which may end', async () => {
      using stage = open();
      const pid = stage.spawn({ rttimeUsec: 200_000n });
      using held = stage.processes.open(await thread(stage, pid, stage.addThread(pid)));
      const { process } = held.thread;
      expect(stage.processes.rttime(process, held)).toBe(200_000n);
      stage.kill(pid);
      expect(await reasonOf(() => stage.processes.rttime(process, held))).toBe('no-such-thread');
    });

    test('stands while it lives, main thread or not', async () => {
      using stage = open();
      const pid = stage.spawn();
      const process = await processOf(stage, pid);
      stage.addThread(pid);
      expect(stage.processes.standingOf(process)).toBe('same');
      stage.leaveMainThread(pid);
      expect(stage.processes.standingOf(process)).toBe('same');
      stage.kill(pid);
      expect(stage.processes.standingOf(process)).toBe('gone');
    });

    const uses = async (stage: Stage, pid: Process['pid']): Promise<number | undefined> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return stage.processes.usedNsec(pid);
    };

    test('has used as much as before as long as it sleeps, and more when it did anything', async () => {
      using stage = open();
      const pid = stage.spawn({ uid: root });
      const tid = stage.addThread(pid);
      const deeds = [
        () => stage.setUids(pid, alice, alice, root),
        () => stage.endThread(pid, tid),
        () => stage.exec(pid, mainThread(pid), 'plain'),
      ];
      for (const act of deeds) {
        const before = await uses(stage, pid);
        expect(before).toBeGreaterThan(0);
        expect(await uses(stage, pid)).toBe(before);
        act();
        expect(await uses(stage, pid)).not.toBe(before);
      }
      stage.kill(pid);
      expect(await uses(stage, pid)).toBeUndefined();
    });

    test('is another when it was born at another time', async () => {
      using stage = open();
      const process = await processOf(stage, stage.spawn());
      const older = { ...process, starttime: (process.starttime - 1n) as Process['starttime'] };
      expect(stage.processes.standingOf(older)).toBe('gone');
      expect(await reasonOf(() => stage.processes.rttime(older))).toBe('no-such-thread');
    });

    for (const [title, uids] of [
      ['real', [bob, alice, alice]],
      ['effective', [alice, bob, alice]],
      ['saved', [alice, alice, bob]],
    ] as const) {
      test(`that changed its ${title} uid is found out`, async () => {
        using stage = open();
        const pid = stage.spawn({ uid: root });
        const process = { ...(await processOf(stage, pid)), uid: alice };
        stage.setUids(pid, ...uids);
        expect(stage.processes.standingOf(process)).toBe('uid-changed');
      });
    }

    test('that runs a set-user-ID program is found out', async () => {
      using stage = open();
      const pid = stage.spawn();
      const process = await processOf(stage, pid);
      stage.exec(pid, mainThread(pid), 'plain');
      expect(stage.processes.standingOf(process)).toBe('same');
      stage.exec(pid, mainThread(pid), 'setuid-root');
      expect(stage.processes.standingOf(process)).toBe('uid-changed');
    });
  });

  describe('a subject of rules', () => {
    test('is in its groups and in no others', () => {
      using stage = open();
      const subject = stage.processes.subject({ pid: stage.spawn(), uid: alice });
      const [own, other] = [alice, bob] as readonly number[] as readonly [Gid, Gid];
      expect(subject.uid).toBe(alice);
      expect([subject.isInGroup(own), subject.isInGroup(other), subject.isInGroup(own)]).toEqual([true, false, true]);
    });

    test('runs its program and no other', async () => {
      using stage = open();
      const pid = stage.spawn();
      const { program } = await find(stage, stage.caller(pid), {});
      const subject = stage.processes.subject({ pid, uid: alice });
      const runs = [program, '/bin/sh', '/nonexistent', ''].map((path) => subject.runs(path));
      expect(runs).toEqual([true, false, false, false]);
    });

    test('is in no unit that is not there', () => {
      using stage = open();
      const subject = stage.processes.subject({ pid: stage.spawn(), uid: alice });
      for (const of of ['unit', 'slice', 'userUnit'] as const) expect(subject.isInUnit(of, 'none.slice')).toBe(false);
    });

    test('that has ended is known by its user alone', () => {
      using stage = open();
      const pid = stage.spawn();
      stage.kill(pid);
      const subject = stage.processes.subject({ pid, uid: alice });
      expect(subject.uid).toBe(alice);
      expect(subject.isInUnit('unit', 'none.service')).toBe(false);
      expect(subject.runs('/bin/sh')).toBe(false);
    });
  });

  test('a thread that has ended, or is another by now, has used no CPU time', async () => {
    using stage = open();
    const pid = stage.spawn();
    const tid = stage.addThread(pid);
    const worker = await thread(stage, pid, tid);
    const { processes }: { processes: ProcessTable } = stage;
    expect(processes.cpuUsec(worker)).toBeGreaterThanOrEqual(0n);
    expect(processes.cpuUsec({ ...worker, starttime: (worker.starttime + 1n) as Thread['starttime'] })).toBe(0n);
    stage.endThread(pid, tid);
    expect(processes.cpuUsec(worker)).toBe(0n);
  });
}

const target = (ids: Partial<Target>): Target => ({ process: undefined, thread: 0n, ...ids });

/** Keeps the handle and counts its calls back. */
function callsOf(handle: { keep(onGone: () => void): void }): {
  readonly count: number;
  readonly first: Promise<void>;
} {
  let count = 0;
  let arrived = (): void => {};
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  handle.keep(() => {
    count++;
    arrived();
  });
  return {
    get count() {
      return count;
    },
    first,
  };
}

/** When what was on its way has arrived. */
const later = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};
