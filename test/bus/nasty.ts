/** Messages written byte by byte: what no library would let us send. */

export interface Field {
  readonly code: number;
  readonly signature: string;
  /** The value as it stands in the message, from its own boundary. */
  readonly value: (at: number) => Buffer;
}

export interface Raw {
  readonly bigEndian?: boolean;
  readonly type?: number;
  readonly flags?: number;
  readonly serial?: number;
  readonly version?: number;
  readonly fields: readonly Field[];
  readonly body?: Buffer;
}

export class Encoder {
  readonly #bigEndian: boolean;

  constructor(bigEndian = false) {
    this.#bigEndian = bigEndian;
  }

  uint32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    if (this.#bigEndian) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  }

  uint64(value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    if (this.#bigEndian) bytes.writeBigUInt64BE(value);
    else bytes.writeBigUInt64LE(value);
    return bytes;
  }

  string(text: string | Buffer): Buffer {
    const bytes = Buffer.from(text);
    return Buffer.concat([this.uint32(bytes.length), bytes, Buffer.alloc(1)]);
  }

  /** A whole message. */
  message({ type = 1, flags = 0, serial = 1, version = 1, fields, body = Buffer.alloc(0) }: Raw): Buffer {
    const array = this.fields(fields);
    const start = Buffer.from([(this.#bigEndian ? 'B' : 'l').charCodeAt(0), type, flags, version]);
    const lengths = [this.uint32(body.length), this.uint32(serial), this.uint32(array.length)];
    return Buffer.concat([start, ...lengths, padded(array, 8), body]);
  }

  fields(fields: readonly Field[]): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    const put = (bytes: Buffer) => {
      parts.push(bytes);
      at += bytes.length;
    };
    for (const { code, signature, value } of fields) {
      put(Buffer.alloc(-at & 7));
      put(Buffer.from([code, ...sig(signature)]));
      put(value(at));
    }
    return Buffer.concat(parts);
  }

  /** The fields of a call of a member with a signature. */
  call(member: string, path: string, interfaceName?: string, signature?: string): Field[] {
    const text = (code: number, type: string, value: string): Field => ({
      code,
      signature: type,
      value: (at) => Buffer.concat([Buffer.alloc(-at & 3), this.string(value)]),
    });
    return [
      text(1, 'o', path),
      text(3, 's', member),
      text(7, 's', ':1.7'),
      ...(interfaceName === undefined ? [] : [text(2, 's', interfaceName)]),
      ...(signature === undefined ? [] : [{ code: 8, signature: 'g', value: () => Buffer.from(sig(signature)) }]),
    ];
  }

  /** A field nobody knows, with any value: its bytes from a multiple of `boundary` on. */
  unknown(signature: string, boundary: number, value: Buffer, code = 77): Field {
    return { code, signature, value: (at) => Buffer.concat([Buffer.alloc(-at & (boundary - 1)), value]) };
  }
}

/** Variants in variants, so deep, with a byte at the bottom. */
export const nested = (depth: number): Buffer =>
  Buffer.concat([...Array.from({ length: depth - 1 }, () => Buffer.from(sig('v'))), Buffer.from([...sig('y'), 7])]);

const sig = (signature: string): number[] => [signature.length, ...Buffer.from(signature), 0];
const padded = (bytes: Buffer, boundary: number) =>
  Buffer.concat([bytes, Buffer.alloc(-bytes.length & (boundary - 1))]);
