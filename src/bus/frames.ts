import { Cursor, Malformed, type Script } from './cursor.ts';
import { type Fields, readFields } from './fields.ts';
import { readOrdinary } from './ordinary.ts';

/** A body larger than this the broker does not hold, let alone parse: 16 MB would keep every other caller waiting. */
export const bodyMax = 64 * 1024;

/** Header fields of more bytes than this are a mischief, even if each is small. */
export const fieldsMax = 64 * 1024;

/** The specification's limit on a whole message: beyond it the peer is no message bus. */
const messageMax = 128 * 1024 * 1024;

export const headerBytes = 16;

/** A message as it came, its body not yet looked into, and valid only as long as the chunk it came in. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly littleEndian: boolean;
  readonly fields: Fields;
  /** undefined: too large, and thrown away unseen. */
  readonly body: Buffer | undefined;
}

/**
 * Cuts the stream of bytes into messages. It holds no more than one body of `max` bytes, and what it throws away costs no
 * more than the reading of it.
 */
export class Frames {
  readonly #max: number;
  readonly #cursor = new Cursor();
  readonly #script = this.#read();
  #ready: Frame[] = [];
  /** Whether the script waits for a message to begin. */
  #between = true;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** What the script asked for: to be shown so many bytes, or, if negative, to have so many thrown away. */
  #wanted = this.#script.next().value as number;

  constructor(max = bodyMax) {
    this.#max = max;
  }

  /** @throws Malformed when the peer broke the protocol; nothing may be fed afterwards */
  feed(chunk: Buffer): readonly Frame[] {
    this.#ready = [];
    let at = 0;
    for (;;) {
      if (this.#between && this.#heldBytes === 0) at = this.#feedOrdinary(chunk, at);
      const left = chunk.length - at;
      const wanted = this.#wanted;
      if (wanted < 0) {
        const skipped = Math.min(-wanted, left);
        at += skipped;
        this.#wanted += skipped;
        if (this.#wanted < 0) return this.#ready;
      } else if (this.#heldBytes + left < wanted) {
        this.#hold(chunk, at);
        return this.#ready;
      } else if (this.#heldBytes > 0) {
        const end = at + wanted - this.#heldBytes;
        this.#cursor.show(this.#release(chunk.subarray(at, end)), 0);
        at = end;
      } else {
        this.#cursor.show(chunk, at);
        at += wanted;
      }
      this.#wanted = this.#script.next().value as number;
    }
  }

  /** @returns where the first message begins that has to be read the long way, or has not come yet */
  #feedOrdinary(chunk: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const ordinary = readOrdinary(chunk, at, this.#max);
      if (ordinary === undefined) return at;
      this.#ready.push(ordinary.frame);
      at = ordinary.end;
    }
  }

  /** A copy: the chunk's memory is used again. */
  #hold(chunk: Buffer, from: number): void {
    if (from === chunk.length) return;
    this.#held.push(Buffer.from(chunk.subarray(from)));
    this.#heldBytes += chunk.length - from;
  }

  #release(last: Buffer): Buffer {
    const whole = Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  *#read(): Script<never> {
    const cursor = this.#cursor;
    for (;;) {
      this.#between = true;
      yield headerBytes;
      this.#between = false;
      const byteOrder = cursor.text(1);
      if (byteOrder !== 'l' && byteOrder !== 'B') throw new Malformed('a message has neither byte order');
      if (cursor.byte(3) !== 1) throw new Malformed(`a message has protocol version ${cursor.byte(3)}`);

      const littleEndian = byteOrder === 'l';
      cursor.littleEndian = littleEndian;
      const [type, flags, serial] = [cursor.byte(1), cursor.byte(2), cursor.uint32(8)];
      const [bodyLength, fieldsLength] = [cursor.uint32(4), cursor.uint32(12)];
      if (bodyLength + fieldsLength > messageMax) throw new Malformed('a message is longer than 128 MiB');

      const fields = yield* readFields(fieldsLength, cursor);
      if (fieldsLength > fieldsMax) fields.oversized = true;
      const tooLarge = bodyLength > this.#max;
      yield tooLarge ? -bodyLength : bodyLength;
      const body = tooLarge ? undefined : cursor.slice(bodyLength);
      this.#ready.push({ type, flags, serial, littleEndian, fields, body });
    }
  }
}
