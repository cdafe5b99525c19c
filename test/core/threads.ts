import type { Grant } from '../../src/core/ledger.ts';
import { ordinary, type Scheduling } from '../../src/core/scheduling.ts';
import type { Pid, StartTime, Thread, Tid, Uid } from '../../src/core/thread.ts';

interface Ids {
  readonly uid?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly starttime?: bigint;
}

/** A thread that exists on paper only. */
export const aThread = ({ uid = 1000, pid = 500, tid = pid, starttime = 8123n }: Ids = {}): Thread => ({
  tid: tid as Tid,
  starttime: starttime as StartTime,
  process: { pid: pid as Pid, starttime: starttime as StartTime, uid: uid as Uid },
});

export const aGrant = (thread: Thread, scheduling: Scheduling = { kind: 'realtime', priority: 10 }): Grant => ({
  thread,
  scheduling,
  former: ordinary,
  comm: 'data-loop.0',
  program: '/usr/bin/pipewire',
  grantedAtUsec: 1n,
});
