import { constants } from 'node:os';
import { type Attributes, type Kind, policies } from '../core/scheduling.ts';
import type { Lateness } from '../core/statistics.ts';
import type { Pid, Thread, Tid, Uid } from '../core/thread.ts';
import { SyscallError } from './errno.ts';
import { loadNative, type WaiterPointer, type WatchdogPointer, type WatchdogRule } from './native.ts';

const { ENOENT, ESRCH } = constants.errno;

/** setrlimit(2): the soft limit brings a signal, the hard one the end. */
export interface RttimeLimits {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** What the C library does for us, in our words. */
export type Library = ReturnType<typeof openLibrary>;

/**
 * @param path of librealtime-broker.so
 * @throws Error when it cannot be loaded; all its methods throw SyscallError
 */
export function openLibrary(path: string) {
  const native = loadNative(path);
  const found = new Int32Array(4);
  const uids = new Uint32Array(4);
  const report = new BigUint64Array(16);
  const file = new BigInt64Array(2);
  const rttime = new BigInt64Array(2);

  return {
    setScheduling(tid: Tid, { policy, priority, nice, resetOnFork }: Attributes): void {
      check('sched_setattr', native.rtb_sched_set(tid, policies.indexOf(policy), priority, nice, resetOnFork ? 1 : 0));
    },

    scheduling(tid: Tid): Attributes {
      check('sched_getattr', native.rtb_sched_get(tid, found));
      const [policy, priority, nice, resetOnFork] = found as Iterable<number> as [number, number, number, number];
      return { policy: policies[policy] ?? 'unknown', priority, nice, resetOnFork: resetOnFork === 1 };
    },

    /** Makes all threads of this process SCHED_RR, within an RLIMIT_RTTIME; or none. SIGXCPU must be heeded. */
    raiseOwnProcess: (priority: number): void => void check('sched_setattr', native.rtb_sched_raise_process(priority)),
    /** Waits a millisecond, which the kernel takes for a pause. */
    pause: (): void => void check('nanosleep', native.rtb_sched_pause()),

    /** Makes a thread of its own SCHED_RR for a moment, to see whether we may. */
    tryRealtime: (): void => void check('sched_setattr', native.rtb_sched_try_realtime()),

    /** A pidfd of any thread: PIDFD_THREAD, Linux 6.9. */
    openThread: (tid: Tid): number => check('pidfd_open', native.rtb_pidfd_open(tid, 1)),
    openProcess: (pid: Pid): number => check('pidfd_open', native.rtb_pidfd_open(pid, 0)),
    hasEnded: (pidfd: number): boolean => check('poll', native.rtb_pidfd_gone(pidfd)) === 1,

    /** All four of what a pidfd means, PIDFD_GET_INFO, Linux 6.13; undefined when it has ended. */
    uidsOf(pidfd: number): readonly Uid[] | undefined {
      const result = native.rtb_pidfd_uids(pidfd, uids);
      if (result === -ESRCH) return undefined;
      check('PIDFD_GET_INFO', result);
      return [...uids] as number[] as Uid[];
    },

    /** A whole file, into `bytes`. @returns its length; undefined when what it tells of is not there */
    read(path: string, bytes: Uint8Array): number | undefined {
      const length = native.rtb_read(path, bytes, bytes.length);
      return length === -ENOENT || length === -ESRCH ? undefined : check('read', length);
    },

    /** Device and inode of the file a path leads to; undefined: none that can be told. Waits for no file system that must ask. */
    fileId: (path: string): string | undefined => (native.rtb_file_id(path, file) < 0 ? undefined : file.join(':')),

    /** RLIMIT_RTTIME of a process in µs, -1 for none. @returns what it was */
    setRttime(pid: Pid, { soft, hard }: RttimeLimits): RttimeLimits {
      check('prlimit', native.rtb_rttime_set(pid, BigInt64Array.of(soft, hard), rttime));
      const [softBefore, hardBefore] = rttime as Iterable<bigint> as [bigint, bigint];
      return { soft: softBefore, hard: hardBefore };
    },

    /** CLOCK_BOOTTIME and CLOCK_REALTIME in µs. */
    bootUsec: (): number => check('clock_gettime', native.rtb_boottime_usec()),
    realtimeUsec: (): number => check('clock_gettime', native.rtb_realtime_usec()),

    /** CPU time of all threads of a process, modulo 2^53; undefined: there is no such process. */
    usedNsec(pid: Pid): number | undefined {
      const used = native.rtb_used_nsec(pid);
      return used < 0 ? undefined : used;
    },

    /** An exit waiter, and the descriptor its records are read from. */
    openWaiter(): { readonly waiter: WaiterPointer; readonly reports: number } {
      const out: [WaiterPointer | null] = [null];
      const reports = check('rtb_waiter_open', native.rtb_waiter_open(out));
      return { waiter: out[0]!, reports };
    },
    /** @returns the cookie that the record will carry */
    watch: (waiter: WaiterPointer, pidfd: number): number => check('epoll_ctl', native.rtb_waiter_watch(waiter, pidfd)),
    forget: (waiter: WaiterPointer, pidfd: number): void =>
      void check('epoll_ctl', native.rtb_waiter_forget(waiter, pidfd)),
    /** A watchdog, and the descriptor its events are read from. */
    openWatchdog(rule: WatchdogRule): { readonly watchdog: WatchdogPointer; readonly events: number } {
      const out: [WatchdogPointer | null] = [null];
      const events = check('rtb_watchdog_open', native.rtb_watchdog_open(out, rule));
      return { watchdog: out[0]!, events };
    },
    /** @returns the cookie that its events will carry */
    enter: (watchdog: WatchdogPointer, { tid, process: { pid, uid } }: Thread, kind: Kind): number =>
      check('rtb_watchdog_enter', native.rtb_watchdog_enter(watchdog, pid, tid, uid, kind === 'realtime' ? 0 : 1)),
    leave: (watchdog: WatchdogPointer, cookie: number): void =>
      void check('rtb_watchdog_leave', native.rtb_watchdog_leave(watchdog, cookie)),
    restartWatchdog: (watchdog: WatchdogPointer): void =>
      void check('rtb_watchdog_restart', native.rtb_watchdog_restart(watchdog)),
    /** Of struct rtb_watchdog_report of all CPUs how late their cheeps were. */
    lateness(watchdog: WatchdogPointer): Lateness {
      check('rtb_watchdog_report', native.rtb_watchdog_report(watchdog, -1, report));
      const [_looks, _armed, _cheeps, sumUsec = 0n, ...classes] = report;
      return { classes, sumUsec };
    },
    closeWatchdog: (watchdog: WatchdogPointer): void =>
      void check('rtb_watchdog_close', native.rtb_watchdog_close(watchdog)),

    closeWaiter: (waiter: WaiterPointer): void => void check('close', native.rtb_waiter_close(waiter)),
  };
}

function check(call: string, result: number): number {
  if (result < 0) throw new SyscallError(call, -result);
  return result;
}
