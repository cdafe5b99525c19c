import { hasRealtimeBudget } from './cgroup.ts';
import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';
import { hasThreadPidfds } from './pidfd.ts';

/** What a machine may lack, in the words of the Degraded property. */
export type Shortcoming = 'no-realtime' | 'rt-group-sched' | 'no-pidfd-thread' | 'no-watchdog';

/** What each means, for the journal. */
export const meaningOf: Readonly<Record<Shortcoming, string>> = {
  'no-realtime': 'The kernel does not let the broker make a thread SCHED_RR: no realtime request can be granted.',
  'rt-group-sched':
    "The broker's control group has no realtime budget (RT_GROUP_SCHED): write one to its cpu.rt_runtime_us, or boot with rt_group_sched=0 (Linux 6.16).",
  'no-watchdog': 'The watchdog may not have its priority, and nothing is granted that nobody watches.',
  'no-pidfd-thread':
    'The kernel has no PIDFD_THREAD (Linux 6.9): threads are told apart by their start times, and places of threads that ended are freed within a second.',
};

/** Tries what the broker lives by. @returns nothing when all is well */
export function selfTest(library: Library, threadPidfds = hasThreadPidfds(library)): Shortcoming[] {
  const found: Shortcoming[] = [];
  if (!mayMakeRealtime(library)) {
    found.push('no-realtime');
    if (hasRealtimeBudget('self') === false) found.push('rt-group-sched');
  }
  if (!threadPidfds) found.push('no-pidfd-thread');
  return found;
}

function mayMakeRealtime(library: Library): boolean {
  try {
    library.tryRealtime();
    return true;
  } catch (fault) {
    if (fault instanceof SyscallError) return false;
    throw fault;
  }
}
