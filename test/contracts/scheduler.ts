import { describe, expect, test } from 'vitest';
import type { Attributes, Scheduling } from '../../src/core/scheduling.ts';
import type { Pid, Thread, Tid } from '../../src/core/thread.ts';
import type { Wanted } from '../../src/ports.ts';
import { reasonOf } from './refusal.ts';
import { alice, bob, mainThread, root, type Stage } from './stage.ts';

const normal: Attributes = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const realtime = (priority: number): Scheduling => ({ kind: 'realtime', priority });
const nice = (level: number): Scheduling => ({ kind: 'high-priority', nice: level });

/** What every Scheduler promises. Whatever it says it did is read back from the kernel. */
export function schedulerContract(open: () => Stage): void {
  const find = async (stage: Stage, pid: Pid, tid: Tid): Promise<Thread> => {
    const wanted: Wanted = { face: 'own', process: undefined, thread: BigInt(tid), scheduling: realtime(1) };
    return (await stage.processes.find(stage.caller(pid), wanted)).thread;
  };
  /** A process with a worker, and handles on both. */
  const start = async (stage: Stage) => {
    const pid = stage.spawn({ rttimeUsec: 200_000n });
    const tid = stage.addThread(pid);
    const worker = stage.processes.open(await find(stage, pid, tid));
    const main = stage.processes.open(await find(stage, pid, mainThread(pid)));
    return { pid, tid, worker, main };
  };

  describe('promotes', () => {
    for (const priority of [1, 20, 98, 99]) {
      test(`to SCHED_RR ${priority} with reset-on-fork`, async () => {
        using stage = open();
        const { tid, worker } = await start(stage);
        stage.scheduler.promote(worker, realtime(priority));
        expect(stage.runsAs(tid)).toEqual({ policy: 'rr', priority, nice: 0, resetOnFork: true });
        expect(stage.scheduler.attributes(worker)).toEqual(stage.runsAs(tid));
      });
    }

    for (const level of [-20, -11, 0, 19]) {
      test(`to nice ${level} with reset-on-fork`, async () => {
        using stage = open();
        const { tid, worker } = await start(stage);
        stage.scheduler.promote(worker, nice(level));
        expect(stage.runsAs(tid)).toEqual({ policy: 'other', priority: 0, nice: level, resetOnFork: true });
        expect(stage.scheduler.attributes(worker)).toEqual(stage.runsAs(tid));
      });
    }

    test('a main thread, and that thread only', async () => {
      using stage = open();
      const { pid, tid, main } = await start(stage);
      stage.scheduler.promote(main, realtime(7));
      expect(stage.runsAs(mainThread(pid))).toMatchObject({ policy: 'rr', priority: 7 });
      expect(stage.runsAs(tid)).toEqual(normal);
    });

    test('to realtime without disturbing the nice level', async () => {
      using stage = open();
      const { tid, worker } = await start(stage);
      stage.scheduler.promote(worker, nice(-9));
      stage.scheduler.promote(worker, realtime(5));
      expect(stage.runsAs(tid)).toEqual({ policy: 'rr', priority: 5, nice: -9, resetOnFork: true });
    });

    test('again, to something else', async () => {
      using stage = open();
      const { tid, worker } = await start(stage);
      stage.scheduler.promote(worker, realtime(5));
      stage.scheduler.promote(worker, realtime(3));
      expect(stage.runsAs(tid)).toMatchObject({ policy: 'rr', priority: 3 });
      stage.scheduler.promote(worker, nice(0));
      expect(stage.runsAs(tid)).toEqual({ ...normal, resetOnFork: true });
    });
  });

  describe('demotes', () => {
    for (const scheduling of [realtime(20), nice(-15)]) {
      test(`from ${scheduling.kind}, and leaves no trace`, async () => {
        using stage = open();
        const { tid, worker } = await start(stage);
        stage.scheduler.promote(worker, scheduling);
        expect(stage.scheduler.demote(worker)).toBe('demoted');
        expect(stage.runsAs(tid)).toEqual(normal);
      });
    }

    test('from what the thread had by its own right', async () => {
      using stage = open();
      const { tid, worker } = await start(stage);
      stage.letRunAs(tid, { policy: 'fifo', priority: 40, nice: 0, resetOnFork: false });
      expect(stage.scheduler.attributes(worker)).toMatchObject({ policy: 'fifo', priority: 40 });
      expect(stage.scheduler.demote(worker)).toBe('demoted');
      expect(stage.runsAs(tid)).toEqual(normal);
    });
  });

  describe('restores', () => {
    const formers: readonly Attributes[] = [
      normal,
      { ...normal, nice: 7 },
      { ...normal, nice: -3 },
      { ...normal, policy: 'batch', nice: 3 },
      { ...normal, policy: 'idle' },
      { ...normal, policy: 'fifo', priority: 30 },
      { ...normal, resetOnFork: true },
    ];
    for (const former of formers)
      for (const scheduling of [realtime(20), nice(-15)])
        test(`from ${scheduling.kind} to ${JSON.stringify(former)}`, async () => {
          using stage = open();
          const { tid, worker } = await start(stage);
          stage.letRunAs(tid, former);
          stage.scheduler.promote(worker, scheduling);
          expect(stage.scheduler.restore(worker, former)).toBe('restored');
          expect(stage.runsAs(tid)).toEqual(former);
        });

    for (const point of ['beforeAct', 'afterAct'] as const)
      test(`nobody who has the tid by now: ${point}`, async () => {
        using stage = open();
        const { pid, tid, worker } = await start(stage);
        stage[point] = () => {
          stage.endThread(pid, tid);
          stage.startStranger(tid);
        };
        expect(stage.scheduler.restore(worker, { ...normal, policy: 'fifo', priority: 30 })).toBe('gone');
        expect(stage.runsAs(tid)).toEqual(normal);
      });
  });

  test('a glance tells what who has the tid runs as', async () => {
    using stage = open();
    const { pid, tid, worker } = await start(stage);
    stage.scheduler.promote(worker, realtime(5));
    expect(stage.scheduler.glance(worker.thread)).toEqual(stage.runsAs(tid));
    stage.kill(pid);
    expect(stage.scheduler.glance(worker.thread)).toBeUndefined();
  });

  test('a thread that has ended is gone', async () => {
    using stage = open();
    const { pid, tid, worker } = await start(stage);
    stage.endThread(pid, tid);
    expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
    expect(stage.scheduler.demote(worker)).toBe('gone');
    expect(stage.scheduler.restore(worker, normal)).toBe('gone');
    expect(stage.scheduler.attributes(worker)).toBeUndefined();
  });

  test('through a closed handle nothing is done', async () => {
    using stage = open();
    const { tid, worker } = await start(stage);
    worker.drop();
    expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
    stage.letRunAs(tid, { policy: 'rr', priority: 3, nice: 0, resetOnFork: true });
    expect(stage.scheduler.demote(worker)).toBe('gone');
    expect(stage.runsAs(tid)).toMatchObject({ policy: 'rr', priority: 3 });
  });

  test('a main thread that ended before the others is not promoted', async () => {
    using stage = open();
    const { pid, main } = await start(stage);
    stage.leaveMainThread(pid);
    expect(await reasonOf(() => stage.scheduler.promote(main, realtime(5)))).toBe('no-such-thread');
  });

  describe('leaves a stranger who has the tid by now', () => {
    test('alone, when he came before the look', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      stage.endThread(pid, tid);
      stage.startStranger(tid);
      expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
      expect(stage.scheduler.demote(worker)).toBe('gone');
      expect(stage.scheduler.attributes(worker)).toBeUndefined();
      expect(stage.runsAs(tid)).toEqual(normal);
    });

    for (const level of [0, 4]) {
      test(`as he was, with nice ${level}, when he came between look and act`, async () => {
        using stage = open();
        const { pid, tid, worker } = await start(stage);
        stage.beforeAct = () => {
          stage.endThread(pid, tid);
          stage.startStranger(tid);
          stage.letRunAs(tid, { ...normal, nice: level });
        };
        expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
        expect(stage.runsAs(tid)).toEqual({ ...normal, nice: level });
      });
    }

    test('no nice level, when he came between look and act', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      stage.beforeAct = () => {
        stage.endThread(pid, tid);
        stage.startStranger(tid);
      };
      expect(await reasonOf(() => stage.scheduler.promote(worker, nice(-15)))).toBe('no-such-thread');
      expect(stage.runsAs(tid)).toEqual(normal);
    });

    const own: Attributes = { policy: 'rr', priority: 6, nice: 0, resetOnFork: true };
    test('what he took by his own right, when he came between act and look', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      stage.afterAct = () => {
        stage.endThread(pid, tid);
        stage.startStranger(tid);
        stage.letRunAs(tid, own);
      };
      expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
      expect(stage.runsAs(tid)).toEqual(own);
    });

    test('alone, also when he is a new thread of the same process', async () => {
      using stage = open();
      const { pid, tid, worker } = await start(stage);
      stage.beforeAct = () => {
        stage.endThread(pid, tid);
        stage.startSuccessor(pid, tid);
      };
      expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
      expect(stage.runsAs(tid)).toEqual(normal);
    });
  });

  for (const point of ['beforeAct', 'afterAct'] as const) {
    const when = point === 'beforeAct' ? 'between look and act' : 'between act and look';

    describe(when, () => {
      test('the thread may end', async () => {
        using stage = open();
        const { pid, tid, worker } = await start(stage);
        stage[point] = () => stage.endThread(pid, tid);
        expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
        expect(stage.runsAs(mainThread(pid))).toEqual(normal);
      });

      test('the thread may end, and its main thread keeps what it had by its own right', async () => {
        using stage = open();
        const { pid, tid, worker } = await start(stage);
        const own: Attributes = { policy: 'rr', priority: 5, nice: 0, resetOnFork: true };
        stage.letRunAs(mainThread(pid), own);
        stage[point] = () => stage.endThread(pid, tid);
        expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
        expect(stage.runsAs(mainThread(pid))).toEqual(own);
      });

      test('the whole process may be killed', async () => {
        using stage = open();
        const { pid, main } = await start(stage);
        stage[point] = () => stage.kill(pid);
        expect(await reasonOf(() => stage.scheduler.promote(main, realtime(5)))).toBe('no-such-thread');
      });

      test('the main thread may run a set-user-ID program, and gets nothing', async () => {
        using stage = open();
        const { pid, main } = await start(stage);
        stage[point] = () => stage.exec(pid, mainThread(pid), 'setuid-root');
        expect(await reasonOf(() => stage.scheduler.promote(main, realtime(5)))).toBe('not-your-process');
        expect(stage.runsAs(mainThread(pid))).toEqual(normal);
      });

      for (const program of ['plain', 'setuid-root'] as const) {
        test(`a worker may call exec of a ${program} program, and keeps nothing as main thread`, async () => {
          using stage = open();
          const { pid, tid, worker } = await start(stage);
          stage[point] = () => stage.exec(pid, tid, program);
          expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
          expect(stage.runsAs(mainThread(pid))).toEqual(normal);
        });
      }

      test('a worker may call exec, and what its main thread had by its own right is gone with it', async () => {
        using stage = open();
        const { pid, tid, worker } = await start(stage);
        stage.letRunAs(mainThread(pid), { policy: 'rr', priority: 9, nice: 0, resetOnFork: true });
        stage[point] = () => stage.exec(pid, tid, 'plain');
        expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('no-such-thread');
        expect(stage.runsAs(mainThread(pid))).toEqual(normal);
      });

      test('the process may change a uid', async () => {
        using stage = open();
        const pid = stage.spawn({ uid: root });
        const tid = stage.addThread(pid);
        using worker = stage.processes.open(await find(stage, pid, tid));
        stage[point] = () => stage.setUids(pid, root, bob, root);
        expect(await reasonOf(() => stage.scheduler.promote(worker, realtime(5)))).toBe('not-your-process');
        expect(stage.runsAs(tid)).toEqual(normal);
      });
    });
  }

  test('who changed uid before is not promoted', async () => {
    using stage = open();
    const pid = stage.spawn({ uid: root });
    using main = stage.processes.open(await find(stage, pid, mainThread(pid)));
    stage.setUids(pid, alice, alice, alice);
    expect(await reasonOf(() => stage.scheduler.promote(main, realtime(5)))).toBe('not-your-process');
    expect(stage.runsAs(mainThread(pid))).toEqual(normal);
  });
}
