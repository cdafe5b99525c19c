import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';

/** Above all ordinary threads, and above none that somebody was granted. */
const priority = 1;

/**
 * Makes the whole daemon SCHED_RR: its main thread alone would wait for V8's helpers, which do not run while the CPUs are
 * busy. To be called early, though threads that are there already are raised too.
 * @returns false when the kernel does not let us, and all is as it was
 */
export function raiseOwnProcess(library: Library): boolean {
  try {
    library.raiseOwnProcess(priority);
    return true;
  } catch (fault) {
    if (fault instanceof SyscallError) return false;
    throw fault;
  }
}
