import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';

const chunkMin = 64 * 1024;

/** A second file, which has a name of its own until it is whole and takes that of the first. All methods throw what fs throws. */
export class FreshFile {
  readonly #file: string;
  readonly #fd: number;
  readonly #rest: Iterator<Buffer>;
  #size = 0;

  /** @param records what is written into it, piece by piece */
  constructor(file: string, records: Iterable<Buffer>) {
    this.#file = file;
    this.#rest = records[Symbol.iterator]();
    // Whatever has that name is a predecessor's, who did not come to its end.
    rmSync(this.#name, { recursive: true, force: true });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    this.#fd = openSync(this.#name, flags, 0o600);
  }

  get #name(): string {
    return `${this.#file}.new`;
  }

  /** So many more of its records. @returns whether those were the last */
  copy(count: number): boolean {
    let waiting: Buffer[] = [];
    let bytes = 0;
    let last = false;
    for (let left = count; left > 0 && !last; left--) {
      const { value, done = false } = this.#rest.next();
      last = done;
      if (done) break;
      waiting.push(value);
      bytes += value.length;
      if (bytes < chunkMin) continue;
      this.write(Buffer.concat(waiting));
      [waiting, bytes] = [[], 0];
    }
    this.write(Buffer.concat(waiting));
    return last;
  }

  write(bytes: Buffer): void {
    writeAll(this.#fd, bytes, this.#size);
    this.#size += bytes.length;
  }

  /** Takes the place of the first. */
  take(): { readonly fd: number; readonly size: number } {
    renameSync(this.#name, this.#file);
    return { fd: this.#fd, size: this.#size };
  }

  discard(): void {
    closeSync(this.#fd);
    rmSync(this.#name, { force: true });
  }
}

/** write(2) may write less than it was given, before it fails. */
export function writeAll(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}
