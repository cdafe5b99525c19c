import type { Process } from '../core/thread.ts';
import { type PolkitBus, questionOf, questionSignature, type Written } from './check.ts';
import { subjectOf } from './subject.ts';

/** Numbers that stand nowhere else in what is written of them, and so can be found there. */
const blank = { pid: 0x7eadbee1, starttime: 0x7eadbee2_7eadbee3n, uid: 0x7eadbee4 } as Process;

/**
 * The question whether a process may do this, written once. All that differs from one process to the next are three
 * numbers, and writing the rest each time took a tenth of what a whole grant takes.
 */
export class Form {
  readonly #bytes: Buffer;
  readonly #pidAt: number;
  readonly #starttimeAt: number;
  readonly #uidAt: number;

  constructor(bus: Pick<PolkitBus, 'write'>, action: string) {
    const { bytes } = bus.write(questionSignature, questionOf(subjectOf(blank), action));
    this.#bytes = bytes;
    this.#pidAt = bytes.indexOf(bytesOf(Uint32Array.of(blank.pid)));
    this.#starttimeAt = bytes.indexOf(bytesOf(BigUint64Array.of(blank.starttime)));
    this.#uidAt = bytes.indexOf(bytesOf(Uint32Array.of(blank.uid)));
  }

  about({ pid, starttime, uid }: Process): Written {
    const bytes = Buffer.from(this.#bytes);
    bytes.writeUInt32LE(pid, this.#pidAt);
    bytes.writeBigUInt64LE(starttime, this.#starttimeAt);
    bytes.writeUInt32LE(uid, this.#uidAt);
    return { bytes };
  }
}

/** Little-endian, as everywhere we run. */
const bytesOf = ({ buffer }: Uint32Array | BigUint64Array): Uint8Array => new Uint8Array(buffer);
