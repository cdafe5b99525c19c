import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/core/thread.ts';
import { Handles } from '../../src/linux/handles.ts';
import { openLibrary } from '../../src/linux/library.ts';
import { LinuxProcessTable } from '../../src/linux/processes.ts';
import type { Wanted } from '../../src/ports.ts';
import { reasonOf, refusal } from '../contracts/refusal.ts';
import { alice } from '../contracts/stage.ts';
import { FakeClock } from '../fakes/clock.ts';
import { libraryPath } from './build.ts';
import { LinuxStage } from './stage.ts';
import { Tree } from './tree.ts';

const library = openLibrary(libraryPath());
const caller = { name: ':1.7', uid: alice, pid: 100 as Pid };
const wanted = (ids: Partial<Wanted> = {}): Wanted => ({
  face: 'own',
  process: undefined,
  thread: 0n,
  scheduling: { kind: 'realtime', priority: 5 },
  ...ids,
});
const open = (tree: Tree) =>
  new LinuxProcessTable(tree.proc, new Handles(library, tree.proc), library, new FakeClock());

describe('a name', () => {
  for (const [title, name] of [
    ['that closes the parenthesis early', 'evil) R 1 1 1'],
    ['of two lines', 'two\nTgid:\t1'],
    ['of parentheses', ')) (('],
    ['of nothing', ''],
  ] as const) {
    test(`${title} fools nobody`, async () => {
      using stage = new LinuxStage();
      const pid = stage.spawn();
      const before = await stage.processes.find(stage.caller(pid), wanted());
      stage.actor(pid).say(`name ${Buffer.from(name).toString('hex')}`);
      const found = await stage.processes.find(stage.caller(pid), wanted());
      expect(found).toEqual({ ...before, comm: name });
      using handle = stage.processes.open(found.thread);
      expect(handle.gone).toBe(false);
    });
  }
});

describe('what vanishes midway is no fault', () => {
  for (const [title, path] of [
    ['the status of the process', '200/status'],
    ['the stat of the process', '200/task/200/stat'],
    ['the stat of the thread', '200/task/201/stat'],
    ['the thread', '200/task/201'],
    ['all of it', '200'],
  ] as const) {
    test(title, async () => {
      using tree = new Tree();
      tree.process(100);
      tree.process(200);
      tree.thread(200, 201);
      const processes = open(tree);
      const ids = { process: 200n, thread: 201n };
      expect((await processes.find(caller, wanted(ids))).thread.tid).toBe(201);
      tree.remove(path);
      expect(await reasonOf(() => processes.find(caller, wanted(ids)))).toBe('no-such-thread');
    });
  }

  test('limits that come out empty', async () => {
    using tree = new Tree();
    tree.process(100);
    tree.write('100/limits', '');
    const processes = open(tree);
    const { thread } = await processes.find(caller, wanted());
    expect(await reasonOf(() => processes.rttime(thread.process))).toBe('no-such-thread');
  });

  test('the program of a process that may not be looked at, or has none', async () => {
    using tree = new Tree();
    tree.process(100);
    expect((await open(tree).find(caller, wanted())).program).toBe('');
    tree.link('100/exe', '/usr/bin/pipewire');
    expect((await open(tree).find(caller, wanted())).program).toBe('/usr/bin/pipewire');
  });
});

test('what /proc should never say is a fault, not a refusal', async () => {
  using tree = new Tree();
  tree.process(100);
  tree.write('100/task/100/stat', 'garbage');
  await expect(open(tree).find(caller, wanted())).rejects.toThrow('not a stat of /proc');
});

describe('a caller whose process has ended, and whose pid is another’s by now', () => {
  for (const [title, ids] of [
    ['by its own process', {}],
    ['by another process', { process: 200n }],
  ] as const) {
    test(`is refused: ${title}`, async () => {
      using tree = new Tree();
      tree.process(100);
      tree.process(200);
      const processes = open(tree);
      await processes.find(caller, wanted(ids));
      tree.process(100, { starttime: 5001 });
      const what = 'The calling process 100 has ended';
      const refused = { reason: 'no-such-thread', what };
      expect(await refusal(() => processes.find(caller, wanted(ids)))).toEqual(refused);
      expect(await refusal(() => processes.find(caller, wanted(ids)))).toEqual(refused);
    });
  }

  test('is not one who asks from that process himself', async () => {
    using tree = new Tree();
    tree.process(100);
    const processes = open(tree);
    await processes.find({ ...caller }, wanted());
    tree.process(100, { starttime: 5001 });
    expect((await processes.find({ ...caller, name: ':1.8' }, wanted())).thread.starttime).toBe(5001n);
  });

  test('has no ids of a sandbox taken for ours', async () => {
    using tree = new Tree();
    tree.process(100, { nspid: [100, 1], namespace: 7 });
    tree.thread(100, 101, { nspid: [101, 2] });
    tree.process(2);
    const processes = open(tree);
    expect((await processes.find(caller, wanted({ thread: 2n }))).thread.tid).toBe(101);
    tree.process(100, { starttime: 5001 });
    expect(await reasonOf(() => processes.find(caller, wanted({ process: 2n })))).toBe('no-such-thread');
  });

  test('is found out, too, when that happens during the search', async () => {
    using tree = new Tree();
    tree.process(100, { nspid: [100, 1], namespace: 7 });
    tree.thread(100, 101, { nspid: [101, 2] });
    const processes = open(tree);
    const finding = refusal(() => processes.find(caller, wanted({ thread: 2n })));
    tree.process(100, { starttime: 5001 });
    tree.thread(100, 102, { nspid: [2] });
    tree.remove('100/task/101');
    expect(await finding).toMatchObject({ what: 'The calling process 100 has ended' });
  });
});

test('what is no id is not looked up', async () => {
  using tree = new Tree();
  tree.process(100);
  for (const id of [0, 4_194_304]) tree.process(id);
  tree.thread(100, 4_194_304);
  const processes = open(tree);
  const minusOne = 2n ** 64n - 1n;
  for (const ids of [
    { process: 0n },
    { process: minusOne },
    { process: 4_194_304n },
    { thread: 4_194_304n },
    { thread: -1n },
  ])
    expect(await reasonOf(() => processes.find(caller, wanted(ids)))).toBe('no-such-thread');
});

test('no file is read twice to find a thread', async () => {
  using tree = new Tree();
  tree.process(100);
  tree.process(200);
  tree.thread(200, 201);
  const processes = open(tree);
  const reads: string[] = [];
  for (const method of ['stat', 'status', 'program'] as const) {
    const read = tree.proc[method].bind(tree.proc) as (...args: unknown[]) => never;
    tree.proc[method] = (...args: unknown[]) => {
      reads.push([method, ...args].join(' '));
      return read(...args);
    };
  }
  await processes.find(caller, wanted());
  expect(reads.splice(0)).toEqual(['status 100', 'stat 100', 'program 100']);
  await processes.find(caller, wanted({ process: 200n, thread: 201n }));
  expect(reads).toEqual(['status 100', 'stat 100', 'status 200', 'stat 200', 'stat 200 201', 'program 200']);
});

test('CPU time is that of schedstat, and of stat where the kernel has none', async () => {
  using tree = new Tree();
  tree.process(100);
  const processes = open(tree);
  const { thread } = await processes.find(caller, wanted());
  expect(processes.cpuUsec(thread)).toBe(0n);
  tree.write('100/task/100/schedstat', '5000000 1 1\n');
  expect(processes.cpuUsec(thread)).toBe(5000n);
  tree.process(100, { starttime: 9999 });
  expect(processes.cpuUsec(thread)).toBe(0n);
});

test('a process that has ended but was not yet waited for is gone', async () => {
  using tree = new Tree();
  tree.process(100);
  const processes = open(tree);
  const { process } = (await processes.find(caller, wanted())).thread;
  expect(processes.standingOf(process)).toBe('same');
  tree.process(100, { state: 'Z' });
  expect(processes.standingOf(process)).toBe('gone');
});
