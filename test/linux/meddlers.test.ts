import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLibrary } from '../../src/linux/library.ts';
import { LinuxMeddlers, meddlerOf, schedExtOf } from '../../src/linux/meddlers.ts';
import { parseStat } from '../../src/linux/stat.ts';
import { Texts } from '../../src/linux/texts.ts';
import { libraryPath } from './build.ts';
import { Tree } from './tree.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const captured = (name: string): string => readFileSync(join(fixtures, 'proc', name), 'utf8');
const commOf = (name: string): string => parseStat(captured(name)).comm;

describe('a meddler is known', () => {
  for (const name of ['ananicy-cpp', 'system76-scheduler', 'gamemoded'])
    test(`by its name: ${name}`, () => expect(meddlerOf(commOf(`stat-${name}`), () => 'not read')).toBe(name));

  test('by the script it runs: ananicy', () =>
    expect(meddlerOf(commOf('stat-ananicy'), () => captured('cmdline-ananicy'))).toBe('ananicy'));

  for (const [comm, cmdline] of [
    ['python3', 'python3\0/usr/bin/other\0ananicy\0'],
    ['python3', ''],
    ['bash', 'bash\0/usr/bin/ananicy\0'],
    ['ananicy-cpp2', ''],
    ['', ''],
  ] as const)
    test(`and nobody else: ${comm} ${cmdline.replaceAll('\0', ' ')}`, () =>
      expect(meddlerOf(comm, () => cmdline)).toBeUndefined());
});

describe('a sched_ext scheduler', () => {
  for (const [title, state, ops, told] of [
    ['that is in charge is named', 'enabled\n', 'scx_lavd\n', 'sched_ext (scx_lavd)'],
    [
      'with a version in its name is named',
      'enabled\n',
      'bpfland_1.0.5_g1234-dirty_x86_64\n',
      'sched_ext (bpfland_1.0.5_g1234-dirty_x86_64)',
    ],
    ['without a name is told of', 'enabled\n', undefined, 'sched_ext'],
    ['with mischief in its name is not named', 'enabled\n', '\u001b[2J\n', 'sched_ext'],
    ['that is not in charge is none', 'disabled\n', undefined, undefined],
    ['that is on its way is none', 'enabling\n', 'x\n', undefined],
    ['of a kernel without is none', undefined, undefined, undefined],
  ] as const)
    test(title, () => expect(schedExtOf(state, ops)).toBe(told));
});

describe('what runs', () => {
  const library = openLibrary(libraryPath());
  const roots = [0, 0, 0, 0] as const;
  const alices = [20_001, 20_001, 20_001, 20_001] as const;
  const found = (tree: Tree, sys = join(fixtures, 'none')) =>
    new LinuxMeddlers(tree.proc, new Texts(library, sys)).running();

  test('is named once each, in order, with the scheduler in charge', async () => {
    using tree = new Tree();
    tree.process(10, { comm: 'gamemoded', uids: alices });
    tree.process(11, { comm: 'ananicy-cpp', uids: roots });
    tree.process(12, { comm: 'ananicy-cpp', uids: roots });
    tree.process(13, { comm: 'python3', uids: roots });
    tree.write('13/cmdline', 'python3\0/usr/bin/ananicy\0start\0');
    for (let pid = 100; pid < 200; pid++) tree.process(pid);
    expect(await found(tree, join(fixtures, 'sys'))).toEqual([
      'ananicy',
      'ananicy-cpp',
      'gamemoded',
      'sched_ext (simple)',
    ]);
  });

  test('is none when ordinary users only call themselves so', async () => {
    using tree = new Tree();
    tree.process(11, { comm: 'ananicy-cpp', uids: alices });
    tree.process(13, { comm: 'python3', uids: alices });
    tree.write('13/cmdline', 'python3\0/usr/bin/ananicy\0start\0');
    expect(await found(tree)).toEqual([]);
  });

  test('is what could be read, when something cannot be', async () => {
    using tree = new Tree();
    tree.process(11, { comm: 'ananicy-cpp', uids: roots });
    tree.process(12);
    tree.write('12/task/12/stat', 'no stat');
    expect(await found(tree)).toEqual(['ananicy-cpp']);
  });
});
