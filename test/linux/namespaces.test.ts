import { describe, expect, test } from 'vitest';
import type { Pid, Uid } from '../../src/core/thread.ts';
import { Handles } from '../../src/linux/handles.ts';
import { openLibrary } from '../../src/linux/library.ts';
import { LinuxProcessTable } from '../../src/linux/processes.ts';
import type { Wanted } from '../../src/ports.ts';
import { reasonOf, refusal } from '../contracts/refusal.ts';
import { alice, bob, root } from '../contracts/stage.ts';
import { FakeClock } from '../fakes/clock.ts';
import type { Actor } from './actor.ts';
import { libraryPath } from './build.ts';
import { LinuxStage } from './stage.ts';
import { Tree } from './tree.ts';

const wanted = (ids: Partial<Wanted>): Wanted => ({
  face: 'own',
  process: undefined,
  thread: 0n,
  scheduling: { kind: 'realtime', priority: 5 },
  ...ids,
});

describe('a caller in a PID namespace of its own', () => {
  const enter = ['unshare', '--pid', '--fork', '--mount-proc'];
  const become = (uid: Uid) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const castInside = (stage: LinuxStage, uid: Uid = alice): Actor => stage.cast(uid, [...enter, ...become(uid)]);
  const find = (stage: LinuxStage, actor: Actor, ids: Partial<Wanted>) =>
    stage.processes.find(stage.caller(actor.pid), wanted(ids));

  test('is found under our ids by its own', async () => {
    using stage = new LinuxStage();
    const actor = castInside(stage);
    const [first, second] = [actor.addThread(), actor.addThread()];
    expect([actor.ownPid, first, second]).toEqual([1, 2, 3]);

    const main = await find(stage, actor, {});
    expect(main.thread).toMatchObject({ tid: actor.pid, process: { pid: actor.pid, uid: alice } });
    const worker = await find(stage, actor, { thread: BigInt(second) });
    expect(worker.thread.process).toEqual(main.thread.process);
    expect(stage.proc.status(actor.pid, worker.thread.tid)?.nspid).toEqual([worker.thread.tid, second]);

    using handle = stage.processes.open(worker.thread);
    stage.scheduler.promote(handle, { kind: 'realtime', priority: 5 });
    expect(stage.runsAs(worker.thread.tid)).toMatchObject({ policy: 'rr', priority: 5 });
  });

  test('names itself and others of its namespace as process', async () => {
    using stage = new LinuxStage({ clock: new FakeClock() });
    const actor = castInside(stage);
    const child = BigInt(actor.say('fork'));
    expect((await find(stage, actor, { process: 1n })).thread.tid).toBe(actor.pid);

    const { thread } = await find(stage, actor, { process: child, thread: child });
    expect(thread.tid).toBe(thread.process.pid);
    expect(stage.proc.status(thread.process.pid)?.nspid).toEqual([thread.tid, Number(child)]);
  });

  test('does not reach its ids in a namespace beside it', async () => {
    using stage = new LinuxStage();
    const [one, other] = [castInside(stage), castInside(stage)];
    expect((await find(stage, one, { process: 1n })).thread.tid).toBe(one.pid);
    expect((await find(stage, other, { process: 1n })).thread.tid).toBe(other.pid);
    other.say('fork');
    expect(await reasonOf(() => find(stage, one, { process: 2n }))).toBe('no-such-thread');
  });

  test('never has its ids taken for ours', async () => {
    using stage = new LinuxStage();
    const actor = castInside(stage);
    const pid = stage.spawn();
    const tid = stage.addThread(pid);
    expect(await reasonOf(() => find(stage, actor, { process: BigInt(pid) }))).toBe('no-such-thread');
    expect(await reasonOf(() => find(stage, actor, { thread: BigInt(tid) }))).toBe('no-such-thread');
    expect(await reasonOf(() => find(stage, actor, { thread: BigInt(actor.pid) }))).toBe('no-such-thread');
    expect(await reasonOf(() => find(stage, actor, { process: BigInt(actor.pid) }))).toBe('no-such-thread');
  });

  test("does not reach another user's process in its namespace, and neither does root in one", async () => {
    using stage = new LinuxStage({ clock: new FakeClock() });
    const actor = castInside(stage, root);
    const child = BigInt(actor.say('fork'));
    expect((await find(stage, actor, { process: child })).thread.process.uid).toBe(root);

    stage.setUids(actor.pid, bob, bob, bob);
    expect(await reasonOf(() => find(stage, actor, { process: child }))).toBe('no-such-thread');
  });

  test('has its other processes looked up once a second', async () => {
    const clock = new FakeClock();
    using stage = new LinuxStage({ clock });
    const actor = castInside(stage);
    const stranger = castInside(stage, bob);
    const [child, strangersChild] = [actor, stranger].map((each) => BigInt(each.say('fork')));
    await find(stage, actor, { process: child });
    expect(await refusal(() => find(stage, actor, { process: child }))).toMatchObject({
      reason: 'no-such-thread',
      what: expect.stringContaining('once a second'),
    });
    await find(stage, actor, { process: 1n });
    await find(stage, stranger, { process: strangersChild });

    await clock.advance(999);
    expect(await reasonOf(() => find(stage, actor, { process: child }))).toBe('no-such-thread');
    await clock.advance(1);
    await find(stage, actor, { process: child });
  });
});

describe('among the processes of a namespace', () => {
  const caller = { name: ':1.7', uid: alice, pid: 100 as Pid };
  const open = (tree: Tree) => {
    const library = openLibrary(libraryPath());
    return new LinuxProcessTable(tree.proc, new Handles(library, tree.proc), library, new FakeClock());
  };
  const inside = (own: number) => ({ nspid: [own + 99, own], namespace: 7 });
  /** The caller, pid 1 in there, and one more. */
  const inhabited = (): Tree => {
    const tree = new Tree();
    tree.process(100, inside(1));
    tree.process(101, inside(2));
    return tree;
  };

  test('the one that is called so is found', async () => {
    using tree = inhabited();
    expect((await open(tree).find(caller, wanted({ process: 2n }))).thread.process.pid).toBe(101);
  });

  const strangers: ReadonlyArray<readonly [title: string, entry: Parameters<Tree['process']>[1]]> = [
    ['in another namespace of that depth', { nspid: [200, 5], namespace: 8 }],
    ['in a namespace below, by its id there', { nspid: [200, 6, 5], namespace: 9 }],
    ['in a namespace below, by its id in ours', { nspid: [200, 5, 1], namespace: 9 }],
    ['in our own namespace', { nspid: [5] }],
    ['whose namespace may not be read', { nspid: [200, 5] }],
    ['of another user', { nspid: [200, 5], namespace: 7, uids: [bob, bob, bob, bob] }],
    ['of a user on his way to another', { nspid: [200, 5], namespace: 7, uids: [alice, alice, bob, alice] }],
    ['that is a mere thread', { nspid: [200, 5], namespace: 7, tgid: 100 }],
  ];
  for (const [title, entry] of strangers) {
    test(`not one ${title}`, async () => {
      using tree = inhabited();
      tree.process(200, entry);
      expect(await reasonOf(() => open(tree).find(caller, wanted({ process: 5n })))).toBe('no-such-thread');
    });
  }

  test('not one of two that are called so', async () => {
    using tree = inhabited();
    tree.process(102, inside(2));
    expect(await refusal(() => open(tree).find(caller, wanted({ process: 2n })))).toMatchObject({
      what: expect.stringContaining('more than one'),
    });
  });

  test('one that vanishes meanwhile is passed over', async () => {
    using tree = inhabited();
    tree.process(50, inside(2));
    tree.remove('50/status');
    tree.write('60/status', '');
    expect((await open(tree).find(caller, wanted({ process: 2n }))).thread.process.pid).toBe(101);
  });

  test('none when the namespace of the caller may not be read', async () => {
    using tree = inhabited();
    tree.remove('100/ns');
    expect(await reasonOf(() => open(tree).find(caller, wanted({ process: 2n })))).toBe('no-such-thread');
  });

  test('not one that has become one elsewhere when its threads have been searched', async () => {
    using tree = inhabited();
    tree.thread(101, 111, { nspid: [111, 3] });
    const namespaceOf = tree.proc.pidNamespace.bind(tree.proc);
    let asked = 0;
    tree.proc.pidNamespace = (pid) => (pid === 101 && ++asked > 1 ? 'pid:[1]' : namespaceOf(pid));
    expect(await refusal(() => open(tree).find(caller, wanted({ process: 2n, thread: 3n })))).toMatchObject({
      what: 'Process 2 in your PID namespace has ended',
    });
  });

  test('many at once who ask for threads of one process have it searched once or twice, and each gets his', async () => {
    using tree = inhabited();
    for (let tid = 1000; tid < 1200; tid++) tree.thread(100, tid, { nspid: [tid, tid - 900] });
    let lists = 0;
    const list = tree.proc.ids.bind(tree.proc);
    tree.proc.ids = (pid) => {
      lists++;
      return list(pid);
    };
    const processes = open(tree);
    const tids = Array.from({ length: 200 }, (_, n) => 1000 + n);
    const found = await Promise.all(tids.map((tid) => processes.find(caller, wanted({ thread: BigInt(tid - 900) }))));
    expect(found.map(({ thread }) => thread.tid)).toEqual(tids);
    expect(lists).toBeLessThanOrEqual(2);
  });

  test('others are served while many are searched', async () => {
    using tree = inhabited();
    for (let pid = 1000; pid < 1500; pid++) tree.process(pid, { nspid: [pid] });
    let turns = 0;
    let searching = true;
    const bystander = (): void => {
      turns++;
      if (searching) setImmediate(bystander);
    };
    setImmediate(bystander);
    await open(tree).find(caller, wanted({ process: 2n }));
    searching = false;
    expect(turns).toBeGreaterThan(10);
  });

  test('a process of very many threads is searched as seldom as all processes', async () => {
    using tree = inhabited();
    for (let tid = 1000; tid < 1600; tid++) tree.thread(100, tid, { nspid: [tid, tid - 900] });
    tree.process(100, { ...inside(1), threads: 601 });
    const processes = open(tree);
    expect((await processes.find(caller, wanted({ thread: 300n }))).thread.tid).toBe(1200);
    expect(await reasonOf(() => processes.find(caller, wanted({ thread: 301n })))).toBe('no-such-thread');
  });
});
