import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };

describe('of the one place there is', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start({
      'limits.realtime_threads_per_user_max': 1,
      'limits.high_priority_threads_per_user_max': 1,
      'limits.processes_per_user_max': 1,
    });
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  /** Who has the place, how that ends, and who asks for it at once. */
  const rows: readonly (readonly [title: string, end: () => Promise<Caller>])[] = [
    [
      'a worker thread that ends',
      async () => {
        const alice = await stage.caller();
        const tid = await alice.thread();
        await granted(alice, tid);
        await alice.end(tid);
        return alice;
      },
    ],
    [
      'a worker thread of another process that ends',
      async () => {
        const other = await stage.caller();
        const tid = await other.thread();
        await granted(other, tid);
        await other.end(tid);
        return await stage.caller();
      },
    ],
    [
      'a main thread that ends before its process',
      async () => {
        const alice = await stage.caller();
        await granted(alice, 0);
        await alice.leave();
        return alice;
      },
    ],
    [
      'a main thread of another process that ends before that',
      async () => {
        const other = await stage.caller();
        await granted(other, 0);
        await other.leave();
        return await stage.caller();
      },
    ],
    [
      'a process that ends',
      async () => {
        const other = await stage.caller();
        await granted(other, 0);
        await other.stop();
        return await stage.caller();
      },
    ],
    [
      'a process that is killed and not waited for',
      async () => {
        const alice = await stage.caller();
        const child = await alice.fork();
        dataOf(await ask(ownFace, realtime(alice, 0, 5, child)));
        process.kill(child, 'SIGKILL');
        await expect.poll(() => readFileSync(`/proc/${child}/stat`, 'utf8'), { interval: 1 }).toContain(') Z ');
        return alice;
      },
    ],
  ];

  for (const [title, end] of rows)
    test(`${title} lets go`, async () => {
      const next = await end();
      const tid = await next.thread();
      for (const face of [ownFace, rtkitFace]) {
        expect(await ask(face, realtime(next, tid, 6))).toMatchObject({ ok: true });
        expect(await ask(face, highPriority(next, tid, 0))).toMatchObject({ ok: true });
      }
      expect(await stage.grants()).toEqual([]);
    });

  const granted = async (caller: Caller, tid: number) => dataOf(await ask(ownFace, realtime(caller, tid, 5)));
});

describe('the grant', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  const granted = async (caller: Caller, tid: number) => dataOf(await ask(ownFace, realtime(caller, tid, 5)));
  const gone = () => expect.poll(() => stage.grants(), { interval: 2 }).toEqual([]);

  for (const title of ['an ungranted leader', 'a granted leader'])
    test(`of a worker that calls exec is taken from it, in the place of ${title}`, async () => {
      const alice = await stage.caller();
      const tid = await alice.thread();
      if (title === 'a granted leader') dataOf(await ask(ownFace, highPriority(alice, 0, -5)));
      await granted(alice, tid);
      await alice.exec(tid);
      await gone();
      expect(look(alice.pid)).toMatchObject(ordinary);
      expect(look(tid)).toBeUndefined();
    });

  test('of a leader that calls exec stays: it is the same process', async () => {
    const alice = await stage.caller();
    await granted(alice, 0);
    await alice.exec();
    expect(await stage.grants()).toMatchObject([{ Thread: alice.pid, State: 'active' }]);
    expect(look(alice.pid)).toMatchObject({ policy: 'rr', priority: 5 });
  });

  test('of a thread beside one that calls exec ends with it', async () => {
    const alice = await stage.caller();
    const [granted, executor] = [await alice.thread(), await alice.thread()];
    dataOf(await ask(ownFace, realtime(alice, granted, 5)));
    await alice.exec(executor);
    await gone();
    expect(look(alice.pid)).toMatchObject(ordinary);
  });

  for (const face of [ownFace, rtkitFace]) {
    test(`of a leader that calls a set-user-ID program ends when its process is spoken of on ${face.name}`, async () => {
      const alice = await stage.caller();
      await granted(alice, 0);
      await alice.exec(0, setUserIdProgram(stage.rig.dir));
      expect(look(alice.pid)).toMatchObject({ policy: 'rr' });

      const spoken = await ask(face, realtime(await stage.caller(), 0, 5, alice.pid));
      expect(spoken).toMatchObject({ ok: false, text: expect.stringContaining('belongs to uid 4201/0') });
      expect(look(alice.pid)).toMatchObject(ordinary);
      expect(await stage.grants()).toEqual([]);
    });

    test(`of a process that changed its user ends when it asks again on ${face.name}`, async () => {
      const root = await stage.caller('root');
      const tid = await root.thread();
      await granted(root, tid);
      const { uid } = stage.rig.users.bob;
      await root.setresuid(uid, uid, uid);
      await root.close();

      expect(await ask(face, realtime(root, 0, 5))).toMatchObject({ ok: false });
      expect(look(tid)).toMatchObject(ordinary);
      expect(await stage.grants()).toEqual([]);
    });
  }
});

/** The caller itself, which runs as root whoever starts it. */
function setUserIdProgram(dir: string): string {
  const program = join(dir, 'set-user-id-caller');
  copyFileSync(join(dir, 'caller'), program);
  chmodSync(program, 0o4755);
  return program;
}
