import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Askers } from '../../src/linux/askers.ts';
import { SyscallError } from '../../src/linux/errno.ts';
import type { Library } from '../../src/linux/library.ts';
import { reasonOf } from '../contracts/refusal.ts';
import { alice, bob, root } from '../contracts/stage.ts';
import { LinuxStage } from './stage.ts';

const failing = (errno: keyof typeof constants.errno) => (): never => {
  throw new SyscallError('x', constants.errno[errno]);
};

/** Descriptors it has open. */
function scripted(stage: LinuxStage, changes: Partial<Library> = {}) {
  const open = new Set<number>();
  const library: Library = {
    ...stage.library,
    openProcess: (pid) => {
      const pidfd = stage.library.openProcess(pid);
      open.add(pidfd);
      return pidfd;
    },
    ...changes,
  };
  const count = () => [...open].filter((pidfd) => !fails(() => stage.library.hasEnded(pidfd))).length;
  return { library, count };
}

const askersOf = (stage: LinuxStage, library: Library, holds = true) =>
  new Askers(
    library,
    stage.proc,
    (pidfd, onGone) => stage.handles.watch(pidfd, onGone),
    () => holds,
  );

function fails(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}

const ways: readonly (readonly [title: string, changes: Partial<Library>])[] = [
  ['that are held', {}],
  ['on a kernel whose pidfds tell no uids', { uidsOf: failing('ENOTTY') }],
  ['when there are no descriptors', { openProcess: failing('EMFILE') }],
];
describe.each(ways)('processes %s', (_, changes) => {
  test('are as they are now, at the first look and at the next', async () => {
    using stage = new LinuxStage();
    const askers = askersOf(stage, scripted(stage, changes).library);
    const pid = stage.spawn({ uid: root });
    const caller = stage.caller(pid);
    const first = askers.look(caller);
    expect(first).toMatchObject({ tgid: pid, uids: [root, root, root, root] });
    stage.setUids(pid, alice, bob, root);
    expect(askers.look(caller)).toMatchObject({ tgid: pid, starttime: first.starttime, uids: [alice, bob, root, bob] });
  });

  test('that have ended ask for nothing more', async () => {
    using stage = new LinuxStage();
    const askers = askersOf(stage, scripted(stage, changes).library);
    const caller = stage.caller(stage.spawn());
    askers.look(caller);
    stage.kill(caller.pid);
    await expect.poll(() => stage.proc.status(caller.pid)).toBeUndefined();
    for (const _ of [1, 2]) expect(await reasonOf(() => askers.look(caller))).toBe('no-such-thread');
  });
});

test('no more are held than there are places, and none of which more is to be known', () => {
  using stage = new LinuxStage();
  const { library, count } = scripted(stage);
  const pid = stage.spawn();
  const askers = askersOf(stage, library);
  const before = count();
  const callers = Array.from({ length: 100 }, () => stage.caller(pid));
  for (const caller of [...callers, ...callers]) expect(askers.look(caller).tgid).toBe(pid);
  expect(count() - before).toBe(32);

  const others = scripted(stage);
  const deeper = askersOf(stage, others.library, false);
  for (const caller of callers) expect(deeper.look(caller).status?.tgid).toBe(pid);
  expect(others.count()).toBe(0);
});

test('who has ended is held no longer, though nobody asks for him any more', async () => {
  using stage = new LinuxStage();
  const { library, count } = scripted(stage);
  const askers = askersOf(stage, library);
  const before = count();
  const caller = stage.caller(stage.spawn());
  askers.look(caller);
  expect(count() - before).toBe(1);
  stage.kill(caller.pid);
  await expect.poll(() => count() - before).toBe(0);
});
