import type { Journal } from '../ports.ts';
import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';

/** Above all ordinary threads, and above none that somebody was granted. */
const priority = 1;

/**
 * Makes the whole daemon SCHED_RR: its main thread alone would wait for V8's helpers, which do not run while the CPUs are
 * busy. To be called early, though threads that are there already are raised too.
 *
 * Should it spin, no ordinary program might be left a CPU to end it with: so the kernel does, after 15 s. Who has much to
 * do but still hears signals is told before that, and pauses.
 * @returns false when the kernel does not let us
 */
export function raiseOwnProcess(library: Library, journal: Journal): boolean {
  process.on('SIGXCPU', () => {
    journal.warning('The broker has been busy for two seconds without a pause; ordinary programs may have waited.');
    library.pause();
  });
  try {
    library.raiseOwnProcess(priority);
    return true;
  } catch (fault) {
    if (fault instanceof SyscallError) return false;
    throw fault;
  }
}
