import { readFileSync } from 'node:fs';
import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';

/** Only the status of a process with a thousand groups and more is longer. */
const usualBytes = 16 * 1024;

/** The files of /proc or /sys, which say what the kernel knows at the moment they are read. */
export class Texts {
  readonly root: string;
  readonly #library: Pick<Library, 'read'>;
  readonly #bytes = Buffer.alloc(usualBytes);

  constructor(library: Pick<Library, 'read'>, root: string) {
    this.#library = library;
    this.root = root;
  }

  /** Undefined when what it tells of is not there. @throws SyscallError */
  read(path: string): string | undefined {
    const file = `${this.root}/${path}`;
    try {
      const length = this.#library.read(file, this.#bytes);
      return length === undefined ? undefined : this.#bytes.toString('utf8', 0, length);
    } catch (fault) {
      if (!(fault instanceof SyscallError && fault.is('EFBIG'))) throw fault;
    }
    try {
      return readFileSync(file, 'utf8');
    } catch (fault) {
      return unlessGone('ENOENT', 'ESRCH')(fault);
    }
  }
}

/** Turns the errors that mean "not there" into undefined; throws the others on. */
export const unlessGone =
  (...codes: readonly string[]) =>
  (fault: unknown): undefined => {
    if (fault instanceof Error && 'code' in fault && codes.includes(String(fault.code))) return undefined;
    throw fault;
  };
