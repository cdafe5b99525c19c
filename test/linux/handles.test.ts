import { constants } from 'node:os';
import { expect, test } from 'vitest';
import type { Thread, Tid } from '../../src/core/thread.ts';
import { SyscallError } from '../../src/linux/errno.ts';
import { Handles } from '../../src/linux/handles.ts';
import { type Library, openLibrary } from '../../src/linux/library.ts';
import { hasThreadPidfds } from '../../src/linux/pidfd.ts';
import { Proc } from '../../src/linux/proc.ts';
import { refusal } from '../contracts/refusal.ts';
import { libraryPath } from './build.ts';
import { LinuxStage } from './stage.ts';

const library = openLibrary(libraryPath());
const failing = (call: string, errno: keyof typeof constants.errno) => (): never => {
  throw new SyscallError(call, constants.errno[errno]);
};

const start = async (stage: LinuxStage): Promise<Thread> => {
  const pid = stage.spawn();
  const wanted = {
    face: 'own',
    process: undefined,
    thread: 0n,
    scheduling: { kind: 'realtime', priority: 1 },
  } as const;
  return (await stage.processes.find(stage.caller(pid), wanted)).thread;
};

for (const [errno, cause] of [
  ['EMFILE', 'LimitNOFILE'],
  ['ENFILE', 'fs.file-max'],
  ['ENOMEM', 'memory'],
] as const) {
  test(`out of what pidfds take, ${errno} says what to do`, async () => {
    using stage = new LinuxStage();
    const thread = await start(stage);
    for (const threadPidfds of [true, false]) {
      const refuses = failing('pidfd_open', errno);
      const scripted: Library = { ...library, openThread: refuses, openProcess: refuses };
      using handles = new Handles(scripted, stage.proc, threadPidfds);
      expect(await refusal(() => handles.open(thread))).toMatchObject({
        reason: 'kernel-refused',
        call: 'pidfd_open',
        errno,
        cause: expect.stringContaining(cause),
      });
    }
  });
}

test('what else the kernel says is a fault', async () => {
  using stage = new LinuxStage();
  const thread = await start(stage);
  using handles = new Handles({ ...library, openThread: failing('pidfd_open', 'EIO') }, stage.proc, true);
  expect(() => handles.open(thread)).toThrow(SyscallError);
});

test('a handle that is not given leaves no descriptor behind', async () => {
  using stage = new LinuxStage();
  const thread = await start(stage);
  const opened: number[] = [];
  const scripted: Library = {
    ...library,
    openThread: (tid: Tid) => {
      opened.push(library.openThread(tid));
      return opened.at(-1) as number;
    },
  };
  using handles = new Handles(scripted, stage.proc, true);
  const other = { ...thread, starttime: (thread.starttime + 1n) as Thread['starttime'] };
  expect(await refusal(() => handles.open(other))).toMatchObject({ reason: 'no-such-thread' });
  expect(opened).toHaveLength(1);
  expect(() => library.hasEnded(opened[0] as number)).toThrow('EBADF');
});

test('when the kernel has no room for one more watch, the end is heard of all the same', async () => {
  using stage = new LinuxStage();
  const thread = await start(stage);
  using handles = new Handles({ ...library, watch: failing('epoll_ctl', 'ENOSPC') }, stage.proc, true);
  const handle = handles.open(thread);
  const heard = new Promise<void>((resolve) => handle.keep(resolve));
  stage.kill(thread.process.pid);
  await heard;
  expect(handle.gone).toBe(true);
});

test('kernels before 6.9 are told by what they say to PIDFD_THREAD', () => {
  expect(hasThreadPidfds({ ...library, openThread: failing('pidfd_open', 'EINVAL') })).toBe(false);
  expect(hasThreadPidfds({ ...library, openThread: failing('pidfd_open', 'ENOSYS') })).toBe(false);
  expect(() => hasThreadPidfds({ ...library, openThread: failing('pidfd_open', 'EMFILE') })).toThrow(SyscallError);
});

test('a main thread whose state says it has ended gets no handle', async () => {
  using stage = new LinuxStage();
  const thread = await start(stage);
  stage.addThread(thread.process.pid);
  stage.leaveMainThread(thread.process.pid);
  for (const threadPidfds of [true, false]) {
    using handles = new Handles(library, new Proc(library), threadPidfds);
    expect(await refusal(() => handles.open(thread))).toMatchObject({ reason: 'no-such-thread' });
  }
});
