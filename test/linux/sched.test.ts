import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Pid } from '../../src/core/thread.ts';
import { causeOf, hasSysNice } from '../../src/linux/cause.ts';
import { SyscallError } from '../../src/linux/errno.ts';
import { LinuxScheduler } from '../../src/linux/sched.ts';
import { refusal } from '../contracts/refusal.ts';
import { rtGroupSched } from '../rig/needs.ts';
import { PoorGroup } from './cgroup.ts';
import { LinuxStage } from './stage.ts';

const realtime = { kind: 'realtime', priority: 5 } as const;
const wanted = { face: 'own', process: undefined, thread: 0n, scheduling: realtime } as const;

test('a control group without realtime is named as the cause', async (context) => {
  if (rtGroupSched.lacking()) context.skip(rtGroupSched.name);
  using stage = new LinuxStage();
  const pid = stage.spawn();
  using _group = new PoorGroup(pid);
  using handle = stage.processes.open((await stage.processes.find(stage.caller(pid), wanted)).thread);
  expect(await refusal(() => stage.scheduler.promote(handle, realtime))).toEqual({
    reason: 'kernel-refused',
    call: 'sched_setattr',
    errno: 'EPERM',
    cause: expect.stringContaining('cpu.rt_runtime_us'),
  });
  stage.scheduler.promote(handle, { kind: 'high-priority', nice: -5 });
});

describe('what the kernel may say', () => {
  const start = async (stage: LinuxStage, errno: keyof typeof constants.errno) => {
    const fails = (): never => {
      throw new SyscallError('sched_setattr', constants.errno[errno]);
    };
    const { thread } = await stage.processes.find(stage.caller(stage.spawn()), wanted);
    const scheduler = new LinuxScheduler({ ...stage.library, setScheduling: fails }, stage.proc);
    return { scheduler, handle: stage.processes.open(thread) };
  };

  for (const errno of ['EPERM', 'EINVAL', 'EBUSY', 'ENOSYS'] as const) {
    test(`${errno} is a refusal that names it`, async () => {
      using stage = new LinuxStage();
      const { scheduler, handle } = await start(stage, errno);
      using _handle = handle;
      expect(await refusal(() => scheduler.promote(handle, realtime))).toMatchObject({
        reason: 'kernel-refused',
        call: 'sched_setattr',
        errno,
        cause: expect.stringMatching(/\.$/),
      });
    });
  }

  test('ESRCH means that the thread has ended, whatever the handle says', async () => {
    using stage = new LinuxStage();
    const { scheduler, handle } = await start(stage, 'ESRCH');
    using _handle = handle;
    expect(await refusal(() => scheduler.promote(handle, realtime))).toMatchObject({ reason: 'no-such-thread' });
    expect(scheduler.demote(handle)).toBe('gone');
  });

  test('that a thread cannot be demoted is a fault', async () => {
    using stage = new LinuxStage();
    const { scheduler, handle } = await start(stage, 'EPERM');
    using _handle = handle;
    expect(() => scheduler.demote(handle)).toThrow(SyscallError);
  });
});

test('a broker without CAP_SYS_NICE knows it', () => {
  expect(hasSysNice('Name:\tx\nCapEff:\t0000000000800000\n')).toBe(true);
  expect(hasSysNice('Name:\tx\nCapEff:\tffffffffff7fffff\n')).toBe(false);
  expect(hasSysNice('')).toBe(false);
});

test('a cause is given even when nothing is in the way that we know of', () => {
  expect(causeOf('EPERM', process.pid as Pid, realtime)).toContain('security module');
});
