import { type Cursor, Malformed, type Script } from './cursor.ts';
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
export const textMax = 1024;

type Text = 'path' | 'interface' | 'member' | 'errorName' | 'sender' | 'signature';

/** By their codes; 0 is invalid, 6 is our own name. */
export const known: readonly (readonly [type: string, name: Text | 'replySerial'] | undefined)[] = [
  undefined,
  ['o', 'path'],
  ['s', 'interface'],
  ['s', 'member'],
  ['s', 'errorName'],
  ['u', 'replySerial'],
  undefined,
  ['s', 'sender'],
  ['g', 'signature'],
];

/**
 * Reads the array of header fields, `length` bytes of it, and the padding behind it. Fields nobody here needs are passed
 * over by their signature and lengths: however large they are, they are neither held nor walked through.
 * @throws Malformed
 */
export function* readFields(length: number, cursor: Cursor): Script<Fields> {
  const fields: Fields = {};
  cursor.begin(Math.ceil(length / 8) * 8);
  while (!cursor.atEnd) {
    yield cursor.take(4);
    const signatureLength = cursor.byte(1);
    const field = known[cursor.byte(0)];
    if (field !== undefined && signatureLength === 1 && field[0] === cursor.text(1, 2)) {
      yield* readField(fields, field[1], cursor);
    } else {
      if (signatureLength === 0) throw new Malformed('a header field has no type');
      const start = cursor.text(2, 2);
      yield cursor.take(signatureLength - 1);
      yield* skip((start + cursor.text(signatureLength - 1)).slice(0, signatureLength), cursor);
    }
    yield cursor.align(8);
  }
  return fields;
}

function* readField(fields: Fields, name: Text | 'replySerial', cursor: Cursor): Script<void> {
  yield cursor.take(name === 'signature' ? 1 : 4);
  const number = name === 'signature' ? cursor.byte(0) : cursor.uint32();
  if (name === 'replySerial') {
    fields.replySerial = number;
  } else if (number <= textMax) {
    yield cursor.take(number + 1);
    fields[name] = cursor.text(number);
  } else {
    yield cursor.skip(number + 1);
    fields.oversized = true;
  }
}
