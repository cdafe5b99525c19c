import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';

// null is the program itself, and with it the C library it runs on.
const flock = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Makes the directory this process's alone, until it ends, however it ends. Two brokers would each write down their own
 * grants only, the one over the other's.
 * @throws Error when another process has it
 */
export function lock(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return;
  closeSync(fd);
  throw new Error(`another broker keeps its state in ${directory}; end it, or pass another --state-dir`);
}
