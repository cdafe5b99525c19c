import { Malformed, type Script } from './cursor.ts';
import { type Fields, readFields } from './fields.ts';

/** A body larger than this is not held, let alone parsed: 16 MB would keep every other caller waiting. */
export const bodyMax = 64 * 1024;

/** Header fields of more bytes than this are a mischief, even if each is small. */
const fieldsMax = 64 * 1024;

/** The specification's limit on a whole message: beyond it the peer is no message bus. */
const messageMax = 128 * 1024 * 1024;

/** A message as it came, its body not yet looked into. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly littleEndian: boolean;
  readonly fields: Fields;
  /** undefined: too large, and thrown away unseen. */
  readonly body: Buffer | undefined;
}

const nothing = Buffer.alloc(0);

/**
 * Cuts the stream of bytes into messages. It holds no more than one body of `bodyMax`, and what it throws away costs no
 * more than the reading of it.
 */
export class Frames {
  readonly #script = this.#read();
  readonly #ready: Frame[] = [];
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** What the script asked for: to be given so many bytes, or, if negative, to have so many thrown away. */
  #wanted = this.#script.next().value as number;

  /** @throws Malformed when the peer broke the protocol; nothing may be fed afterwards */
  feed(chunk: Buffer): readonly Frame[] {
    let at = 0;
    for (;;) {
      const left = chunk.length - at;
      if (this.#wanted <= 0) {
        const skipped = Math.min(-this.#wanted, left);
        at += skipped;
        this.#wanted += skipped;
        if (this.#wanted < 0) break;
        this.#resume(nothing);
      } else if (this.#heldBytes + left < this.#wanted) {
        if (left > 0) this.#hold(chunk.subarray(at));
        break;
      } else {
        const missing = this.#wanted - this.#heldBytes;
        this.#resume(this.#release(chunk.subarray(at, at + missing)));
        at += missing;
      }
    }
    return this.#ready.splice(0);
  }

  #resume(bytes: Buffer): void {
    this.#wanted = this.#script.next(bytes).value as number;
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #release(last: Buffer): Buffer {
    if (this.#heldBytes === 0) return last;
    const whole = Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  *#read(): Script<never> {
    for (;;) {
      const header = yield 16;
      const littleEndian = header[0] === 0x6c;
      if (!littleEndian && header[0] !== 0x42) throw new Malformed('a message has neither byte order');
      if (header[3] !== 1) throw new Malformed(`a message has protocol version ${header[3]}`);

      const uint32 = (offset: number) => (littleEndian ? header.readUInt32LE(offset) : header.readUInt32BE(offset));
      const bodyLength = uint32(4);
      const fieldsLength = uint32(12);
      if (bodyLength + fieldsLength > messageMax) throw new Malformed('a message is longer than 128 MiB');

      const frame = { type: header.readUInt8(1), flags: header.readUInt8(2), serial: uint32(8), littleEndian };
      const fields = yield* readFields(fieldsLength, littleEndian);
      if (fieldsLength > fieldsMax) fields.oversized = true;
      const body = yield bodyLength > bodyMax ? -bodyLength : bodyLength;
      this.#ready.push({ ...frame, fields, body: bodyLength > bodyMax ? undefined : body });
    }
  }
}
