import { Cursor, Malformed, type Script } from './cursor.ts';
import { skip } from './skip.ts';

/** The header of a message, D-Bus specification "Header Fields". */
export interface Fields {
  path?: string;
  interface?: string;
  member?: string;
  errorName?: string;
  replySerial?: number;
  sender?: string;
  signature?: string;
  /** Some field was longer than anything we could have use for, and is left out. */
  oversized?: true;
}

/** Names have 255 bytes at most (specification, "Valid Names"); paths have no limit at all, but ours are short. */
const textMax = 1024;

type Text = 'path' | 'interface' | 'member' | 'errorName' | 'sender' | 'signature';

const known = new Map<number, readonly [type: string, name: Text | 'replySerial']>([
  [1, ['o', 'path']],
  [2, ['s', 'interface']],
  [3, ['s', 'member']],
  [4, ['s', 'errorName']],
  [5, ['u', 'replySerial']],
  [7, ['s', 'sender']],
  [8, ['g', 'signature']],
]);

/**
 * Reads the array of header fields, `length` bytes of it, and the padding behind it. Fields nobody here needs are passed
 * over by their signature and lengths: however large they are, they are neither held nor walked through.
 * @throws Malformed
 */
export function* readFields(length: number, littleEndian: boolean): Script<Fields> {
  const fields: Fields = {};
  // Fields are structs, which begin at multiples of 8: counted from here, since the header before them has 16 bytes.
  const cursor = new Cursor(Math.ceil(length / 8) * 8, littleEndian);
  while (!cursor.atEnd) {
    const start = yield cursor.take(4);
    const [code = 0, signatureLength = 0, type = 0] = start;
    const field = known.get(code);
    if (field !== undefined && signatureLength === 1 && field[0].charCodeAt(0) === type) {
      yield* readField(fields, field[1], cursor);
    } else {
      if (signatureLength === 0) throw new Malformed('a header field has no type');
      const rest = yield cursor.take(signatureLength - 1);
      yield* skip(Buffer.concat([start.subarray(2), rest]).toString('latin1', 0, signatureLength), cursor);
    }
    yield cursor.align(8);
  }
  return fields;
}

function* readField(fields: Fields, name: Text | 'replySerial', cursor: Cursor): Script<void> {
  const number = name === 'signature' ? (yield cursor.take(1)).readUInt8() : cursor.uint32(yield cursor.take(4));
  if (name === 'replySerial') {
    fields.replySerial = number;
  } else if (number <= textMax) {
    fields[name] = (yield cursor.take(number + 1)).toString('utf8', 0, number);
  } else {
    yield cursor.skip(number + 1);
    fields.oversized = true;
  }
}
