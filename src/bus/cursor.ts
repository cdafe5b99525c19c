/**
 * A parser that does not hold what it reads: it asks for the next n bytes by yielding n, and lets n bytes pass unseen by
 * yielding −n.
 */
export type Script<Result> = Generator<number, Result, Buffer>;

/** The peer broke the protocol: where the next message begins is no longer known. */
export class Malformed extends Error {}

/** Where in a message a script stands. Each method accounts for a move, and returns what the script is to yield for it. */
export class Cursor {
  #at = 0;
  readonly #end: number;
  readonly #littleEndian: boolean;

  constructor(end: number, littleEndian: boolean) {
    this.#end = end;
    this.#littleEndian = littleEndian;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  take(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#end) throw new Malformed('a value runs past the end of the header');
    return bytes;
  }

  skip(bytes: number): number {
    return -this.take(bytes);
  }

  /** To the next multiple of `boundary`, a power of two. */
  align(boundary: number): number {
    return this.skip(-this.#at & (boundary - 1));
  }

  uint32(bytes: Buffer): number {
    return this.#littleEndian ? bytes.readUInt32LE() : bytes.readUInt32BE();
  }
}
