/**
 * A parser that does not hold what it reads: by yielding n it asks for the next n bytes, which its cursor shows when it goes
 * on; by yielding −n it lets n bytes pass unseen.
 */
export type Script<Result> = Generator<number, Result, void>;

/** The peer broke the protocol: where the next message begins is no longer known. */
export class Malformed extends Error {}

const nothing = Buffer.alloc(0);

/** Where in a stretch of bytes a script stands, and the bytes it asked for last. */
export class Cursor {
  littleEndian = true;
  #bytes: Buffer = nothing;
  #offset = 0;
  #at = 0;
  #end = 0;

  /** For who feeds the script: what it asked for. */
  show(bytes: Buffer, offset: number): void {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  /** The next `length` bytes are a stretch of their own, which begins at a multiple of 8 in the message. */
  begin(length: number): void {
    this.#at = 0;
    this.#end = length;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  // Moves: each returns what the script is to yield for it.

  take(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#end) throw new Malformed('a value runs past the end of its message');
    return bytes;
  }

  skip(bytes: number): number {
    return -this.take(bytes);
  }

  /** To the next multiple of `boundary`, a power of two. */
  align(boundary: number): number {
    return this.skip(-this.#at & (boundary - 1));
  }

  // What the bytes say that were asked for.

  byte(index: number): number {
    return this.#bytes[this.#offset + index] ?? 0;
  }

  uint32(index = 0): number {
    const at = this.#offset + index;
    return this.littleEndian ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  /** Names, paths and signatures are ASCII; whatever else comes is nobody's name. */
  text(length: number, index = 0): string {
    const at = this.#offset + index;
    return this.#bytes.toString('latin1', at, at + length);
  }

  slice(length: number): Buffer {
    return this.#bytes.subarray(this.#offset, this.#offset + length);
  }
}
