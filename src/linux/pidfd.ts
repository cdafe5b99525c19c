import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Pid, Thread, Tid } from '../core/thread.ts';
import { Refused } from '../refused.ts';
import { SyscallError } from './errno.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';

/** Whether a pidfd can be had of any thread, not of processes only: PIDFD_THREAD, Linux 6.9. */
export function hasThreadPidfds(library: Library): boolean {
  try {
    closeSync(library.openThread(process.pid as Tid));
    return true;
  } catch (fault) {
    if (fault instanceof SyscallError && fault.is('EINVAL', 'ENOSYS', 'EPERM')) return false;
    throw fault;
  }
}

/** Whether a pidfd tells whose process it means: PIDFD_GET_INFO, Linux 6.13. */
export function pidfdsTellUids(library: Library): boolean {
  let pidfd: number | undefined;
  try {
    pidfd = library.openProcess(process.pid as Pid);
    return library.uidsOf(pidfd) !== undefined;
  } catch (fault) {
    if (fault instanceof SyscallError) return false;
    throw fault;
  } finally {
    if (pidfd !== undefined) closeSync(pidfd);
  }
}

/** @param ceiling the pidfd's number must stay below it; @throws Refused 'no-such-thread' | 'kernel-refused' */
export function openThread(library: Library, { tid }: Thread, ceiling: number): number {
  return orRefuse(tid, () => below(ceiling, library.openThread(tid)));
}

/** @param ceiling the pidfd's number must stay below it; @throws Refused 'no-such-thread' | 'kernel-refused' */
export function openProcess(library: Library, pid: Pid, ceiling: number): number {
  return orRefuse(pid, () => below(ceiling, library.openProcess(pid)));
}

/** As the kernel does it at its own limit, a little earlier. */
function below(ceiling: number, pidfd: number): number {
  if (pidfd < ceiling) return pidfd;
  closeSync(pidfd);
  throw new SyscallError('pidfd_open', constants.errno.EMFILE);
}

function orRefuse(id: Tid | Pid, open: () => number): number {
  try {
    return open();
  } catch (fault) {
    if (!(fault instanceof SyscallError)) throw fault;
    const { call, errno } = fault;
    switch (errno) {
      // Without PIDFD_THREAD: by now the id is a mere thread's.
      case 'ENOENT':
      case 'EINVAL':
      case 'ESRCH':
        throw noSuchThread(`Thread ${id} has ended`);
      case 'EMFILE':
        throw new Refused({
          reason: 'kernel-refused',
          call,
          errno,
          cause: `Each grant holds a descriptor: raise LimitNOFILE of the broker's unit.`,
        });
      case 'ENFILE':
        throw new Refused({
          reason: 'kernel-refused',
          call,
          errno,
          cause: 'The whole machine is out of file descriptors: raise fs.file-max.',
        });
      case 'ENOMEM':
        throw new Refused({ reason: 'kernel-refused', call, errno, cause: 'The kernel is out of memory.' });
    }
    throw fault;
  }
}
