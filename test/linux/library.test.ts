import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { meaningOf } from '../../src/core/health.ts';
import type { Pid, Tid } from '../../src/core/thread.ts';
import { LinuxClock } from '../../src/linux/clock.ts';
import { errnoName, SyscallError } from '../../src/linux/errno.ts';
import { openLibrary } from '../../src/linux/library.ts';
import { selfTest } from '../../src/linux/selftest.ts';
import { rtGroupSched } from '../rig/needs.ts';
import { libraryPath } from './build.ts';
import { PoorGroup } from './cgroup.ts';

const library = openLibrary(libraryPath());

describe('the library', () => {
  test('may be opened twice', () => expect(openLibrary(libraryPath()).bootUsec()).toBeGreaterThan(0));

  test('that is not there is an error', () => expect(() => openLibrary('/nowhere/lib.so')).toThrow());

  test('that lacks a function is an error', () => expect(() => openLibrary('libc.so.6')).toThrow('rtb_'));

  test('tells device and inode of the file a path leads to', () => {
    const { dev, ino } = statSync(process.execPath, { bigint: true });
    expect(library.fileId(process.execPath)).toBe(`${dev}:${ino}`);
    expect(library.fileId('/proc/self/exe')).toBe(`${dev}:${ino}`);
    expect(library.fileId('/')).not.toBe(`${dev}:${ino}`);
    expect(library.fileId('/nonexistent')).toBeUndefined();
  });

  test('throws what the kernel said, by name', () => {
    const nobody = 4_194_303;
    const fails = (act: () => unknown, call: string, errno: string): void => {
      try {
        act();
      } catch (fault) {
        expect(fault).toBeInstanceOf(SyscallError);
        expect(fault).toMatchObject({ call, errno, message: `${call}: ${errno}` });
        expect((fault as SyscallError).is('EBADMSG', errno)).toBe(true);
        return;
      }
      throw new Error(`${call} did not fail`);
    };
    fails(() => library.scheduling(nobody as Tid), 'sched_getattr', 'ESRCH');
    fails(() => library.openThread(nobody as Tid), 'pidfd_open', 'ESRCH');
    fails(() => library.openProcess(-1 as Pid), 'pidfd_open', 'EINVAL');
    fails(() => library.hasEnded(99_999), 'poll', 'EBADF');
    fails(() => library.scheduling(0 as Tid), 'sched_getattr', 'EINVAL');
  });

  test('errnos have names, and numbers where they have none', () => {
    expect([errnoName(1), errnoName(3), errnoName(28), errnoName(523)]).toEqual([
      'EPERM',
      'ESRCH',
      'ENOSPC',
      'errno 523',
    ]);
  });
});

describe('the clock', () => {
  const clock = new LinuxClock(library);

  test('tells the time, in the units it says', () => {
    expect(Math.abs(Number(clock.realtimeUsec() / 1000n) - Date.now())).toBeLessThan(1000);
    const [seconds] = process.hrtime();
    expect(clock.bootMsec() / 1000).toBeGreaterThanOrEqual(seconds);
  });

  test('goes on while one sleeps', async () => {
    const before = clock.bootMsec();
    await clock.sleep(15);
    expect(clock.bootMsec() - before).toBeGreaterThanOrEqual(14);
  });
});

describe('the self-test', () => {
  const fails = (): never => {
    throw new SyscallError('sched_setattr', 1);
  };

  test('finds nothing wanting where threads can be made realtime', () => {
    expect(selfTest({ ...library, tryRealtime: () => {} }, true)).toEqual([]);
  });

  test('agrees with the kernel of this machine', () => {
    const realtime = (): boolean => {
      try {
        library.tryRealtime();
        return true;
      } catch {
        return false;
      }
    };
    expect(selfTest(library).includes('no-realtime')).toBe(!realtime());
  });

  test('tells RT_GROUP_SCHED by its control group', (context) => {
    if (rtGroupSched.lacking()) context.skip(rtGroupSched.name);
    using _group = new PoorGroup(process.pid);
    expect(selfTest(library, true)).toEqual(['no-realtime', 'rt-group-sched']);
  });

  test('says what is wanting, and has a sentence for each', () => {
    const found = selfTest({ ...library, tryRealtime: fails }, false);
    expect(found).toContain('no-realtime');
    expect(found).toContain('no-pidfd-thread');
    for (const word of found) expect(meaningOf(word)).toMatch(/^The .*\.$/);
  });

  test('leaves us as we were', () => {
    const before = library.scheduling(process.pid as Tid);
    selfTest(library);
    expect(library.scheduling(process.pid as Tid)).toEqual(before);
  });
});
