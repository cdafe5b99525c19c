import { constants } from 'node:os';

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));

/** The name of an errno, errno(3); "errno 523" for one without. */
export const errnoName = (errno: number): string => names.get(errno) ?? `errno ${errno}`;

/** A system call that failed. An expected failure is caught where it is met; the rest are faults. */
export class SyscallError extends Error {
  /** "ESRCH" */
  readonly errno: string;

  constructor(
    readonly call: string,
    errno: number,
  ) {
    super(`${call}: ${errnoName(errno)}`);
    this.name = 'SyscallError';
    this.errno = errnoName(errno);
  }

  is(...errnos: readonly string[]): boolean {
    return errnos.includes(this.errno);
  }
}
