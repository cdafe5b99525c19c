import { hasRealtimeBudget } from './cgroup.ts';
import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';
import { hasThreadPidfds } from './pidfd.ts';

/** What a machine may lack, in the words of the Degraded property. */
export type Shortcoming = 'no-realtime' | 'rt-group-sched' | 'no-pidfd-thread' | 'no-watchdog' | 'ordinary-priority';

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
