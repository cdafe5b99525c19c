import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Entry } from './entry.ts';
import { EAGAIN, send, writable } from './libc.ts';
import { lineOf } from './line.ts';
import type { Delivery, Sink } from './sink.ts';

/** Writes what it can without waiting. @returns the number of bytes, or below zero an errno */
type Write = (bytes: Buffer) => number;

/**
 * fd 2, as lines. process.stderr is not used: on Linux Node waits there for whoever reads a pipe, a socket or a
 * terminal, and with it would every caller.
 */
export class Stderr implements Sink {
  readonly #forJournald: boolean;
  readonly #fd: number;
  #own: number | undefined;
  #write: Write;
  /** What is left of a line that a terminal took in part. */
  #rest: { readonly of: Entry; readonly bytes: Buffer } | undefined;

  /** @param forJournald whether journald is at the other end, and lines begin with `<4>` */
  constructor(forJournald: boolean, fd = 2) {
    this.#forJournald = forJournald;
    this.#fd = fd;
    this.#own = openAnew(fd);
    this.#write = writerTo(fd, this.#own);
  }

  send(entry: Entry): Delivery {
    const bytes = this.#bytesOf(entry);
    const written = this.#write(bytes);
    if (written < 0) return written === -EAGAIN ? 'later' : 'never';

    this.#rest = written < bytes.length ? { of: entry, bytes: bytes.subarray(written) } : undefined;
    return this.#rest === undefined ? 'sent' : 'later';
  }

  /** The line; of one begun, the rest; and should that have gone elsewhere meanwhile, at least not in the middle of it. */
  #bytesOf(entry: Entry): Buffer {
    const rest = this.#rest;
    if (rest?.of === entry) return rest.bytes;
    const line = lineOf(entry, this.#forJournald);
    return rest === undefined ? line : Buffer.concat([rest.bytes, line]);
  }

  /** Who writes nevertheless gets fd 2 itself: the closed number may be anything's by then. */
  [Symbol.dispose](): void {
    if (this.#own !== undefined) closeSync(this.#own);
    this.#own = undefined;
    this.#write = writerTo(this.#fd, undefined);
  }
}

/**
 * O_NONBLOCK belongs to what was opened, not to the descriptor: set on fd 2 it would change the terminal for the shell,
 * too. So a pipe or a terminal is opened once more. Files do not wait, and sockets cannot be opened.
 */
function openAnew(fd: number): number | undefined {
  try {
    const stat = fstatSync(fd);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined; // Not ours to open: then poll(2) must do, which leaves a gap when others write there, too.
  }
}

function writerTo(fd: number, own: number | undefined): Write {
  if (own !== undefined) return (bytes) => write(own, bytes);
  if (isSocket(fd)) return (bytes) => send(fd, bytes);
  return (bytes) => (writable(fd) ? write(fd, bytes) : -EAGAIN);
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function write(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).errno ?? -1;
  }
}
