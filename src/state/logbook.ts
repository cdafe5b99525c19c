import { closeSync, ftruncateSync } from 'node:fs';
import type { Deed, Intent } from '../core/legacy.ts';
import { keyOf } from '../core/thread.ts';
import type { Intention, Logbook } from '../ports.ts';
import { Refused } from '../refused.ts';
import { plainOf } from './deed.ts';
import { FreshFile, writeAll } from './fresh.ts';
import { type Heading, plainHeading } from './heading.ts';
import { encodeRecord } from './record.ts';

/** It is written anew when it is longer than twice what is worth keeping, and this. */
const slack = 256 * 1024;
/** So many records are copied whenever one is written: however much is held, nobody waits for all of it. */
const piece = 16;

/**
 * The logbook in a file: a heading, then one record after the other. Whenever the broker is killed the file is whole, but
 * for the record it was killed at, which then is the last and has no end: reading.ts passes over it. What is over is left
 * out from time to time: all that still holds is copied into a second file, some of it with each record that is written
 * meanwhile, into both; then it takes the name of the first, and rename(2) leaves the one or the other. To read a deed twice
 * changes nothing, so it does not matter which of the two tells of it. Nothing is synced: what was written outlives its writer in any case, and after a
 * crash of the whole machine none of it matters.
 *
 * A record that cannot be written leaves the file as it was. The file lags behind from then on, and nothing is granted,
 * until all could be written anew.
 */
export class FileLogbook implements Logbook {
  contents: () => Iterable<Deed> = () => [];
  /** Told when nothing can be written any more; and with undefined when it can, and has been. */
  onTrouble: (fault: NodeJS.ErrnoException | undefined) => void = () => {};
  readonly #file: string;
  readonly #heading: Heading;
  #fd = -1;
  #size = 0;
  #rewriteAt = 0;
  #begun = false;
  #pending: Deed | undefined;
  #fresh: FreshFile | undefined;
  #trouble: NodeJS.ErrnoException | undefined;

  constructor(file: string, heading: Heading) {
    this.#file = file;
    this.#heading = heading;
  }

  begin(): void {
    this.#begun = true;
    this.#attempt(() => this.#rewrite());
  }

  intend(intent: Intent): Intention {
    const deed = { kind: 'intended', ...intent } as const;
    this.write(deed);
    if (this.#trouble !== undefined) throw refusalOf(this.#trouble, this.#file);
    this.#pending = deed;
    const settle = (kind: 'kept' | 'withdrawn') => {
      if (this.#pending !== deed) return;
      this.#pending = undefined;
      this.write({ kind, key: keyOf(intent.grant.thread) });
    };
    return { keep: () => settle('kept'), [Symbol.dispose]: () => settle('withdrawn') };
  }

  write(deed: Deed): void {
    if (!this.#begun) return;
    this.#attempt(() => {
      if (this.#trouble !== undefined) this.#rewrite();
      else if (this.#fresh !== undefined || this.#size > this.#rewriteAt) this.#shorten();
      this.#append(deed);
    });
  }

  #attempt(work: () => void): void {
    const before = this.#trouble;
    try {
      work();
      this.#trouble = undefined;
    } catch (fault) {
      if (!isErrno(fault)) throw fault;
      this.#trouble = fault;
    }
    if (before?.code !== this.#trouble?.code) this.onTrouble(this.#trouble);
  }

  #append(deed: Deed): void {
    const record = encodeRecord(plainOf(deed));
    try {
      writeAll(this.#fd, record, this.#size);
    } catch (fault) {
      ftruncateSync(this.#fd, this.#size);
      throw fault;
    }
    this.#size += record.length;
    this.#orGoOn(() => this.#fresh?.write(record));
  }

  #shorten(): void {
    this.#orGoOn(() => {
      this.#fresh ??= new FreshFile(this.#file, this.#records());
      if (this.#fresh.copy(piece)) this.#take(this.#fresh);
    });
  }

  /** What fails with the second file is no trouble yet: there is still the old one to go on with. */
  #orGoOn(work: () => void): void {
    try {
      work();
    } catch (fault) {
      if (!isErrno(fault)) throw fault;
      this.#discard();
      this.#rewriteAt = this.#size + slack;
    }
  }

  #rewrite(): void {
    this.#discard();
    this.#fresh = new FreshFile(this.#file, this.#records());
    try {
      this.#fresh.copy(Number.POSITIVE_INFINITY);
      this.#take(this.#fresh);
    } catch (fault) {
      this.#discard();
      throw fault;
    }
  }

  #take(fresh: FreshFile): void {
    const { fd, size } = fresh.take();
    this.#fresh = undefined;
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = size;
    this.#rewriteAt = 2 * size + slack;
  }

  #discard(): void {
    this.#fresh?.discard();
    this.#fresh = undefined;
  }

  *#records(): Iterable<Buffer> {
    yield encodeRecord(plainHeading(this.#heading));
    for (const deed of this.contents()) yield encodeRecord(plainOf(deed));
    if (this.#pending !== undefined) yield encodeRecord(plainOf(this.#pending));
  }
}

const isErrno = (fault: unknown): fault is NodeJS.ErrnoException => fault instanceof Error && 'code' in fault;

const causes: Readonly<Record<string, string>> = {
  ENOSPC: 'There is no room left on its file system: free some.',
  EDQUOT: 'There is no room left on its file system: free some.',
  EROFS: 'Its file system is read-only: mount it anew, or pass another --state-dir.',
};

const refusalOf = ({ code = 'unknown', syscall = 'write', path }: NodeJS.ErrnoException, file: string): Refused =>
  new Refused({
    reason: 'kernel-refused',
    call: `${syscall} on ${path ?? file}`,
    errno: code,
    cause: `Nothing is granted that a restart would forget. ${causes[code] ?? `See why ${file} cannot be written.`}`,
  });
