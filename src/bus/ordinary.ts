import { type Fields, known, textMax } from './fields.ts';
import { type Frame, fieldsMax, headerBytes } from './frames.ts';

/** A frame, and where in the chunk the next message begins. */
export interface Ordinary {
  readonly frame: Frame;
  readonly end: number;
}

const littleEndian = 0x6c;
/** The code of the one field that is passed over here: it names us. */
const destination = 6;
const stringType = 0x73;
const unusual = -1;

/**
 * The message that begins at `from`, if it lies in the chunk as a whole and has nothing unusual about it. Nearly all are
 * so, and reading them in one go takes a fraction of the time it takes to be ready for an interruption at each field.
 * @returns undefined: whatever it is, it must be read the long way
 */
export function readOrdinary(chunk: Buffer, from: number, bodyMax: number): Ordinary | undefined {
  const available = chunk.length - from;
  if (available < headerBytes || chunk[from] !== littleEndian || chunk[from + 3] !== 1) return undefined;

  const bodyLength = chunk.readUInt32LE(from + 4);
  const fieldsLength = chunk.readUInt32LE(from + 12);
  const begin = from + headerBytes;
  const fieldsEnd = begin + fieldsLength;
  const body = begin + aligned(fieldsLength);
  const end = body + bodyLength;
  if (fieldsLength > fieldsMax || bodyLength > bodyMax || end > chunk.length) return undefined;

  const fields: Fields = {};
  for (let at = begin; at < fieldsEnd; at = begin + aligned(at - begin)) {
    at = readField(fields, chunk, at, fieldsEnd);
    if (at === unusual) return undefined;
  }
  const [type, flags, serial] = [chunk[from + 1]!, chunk[from + 2]!, chunk.readUInt32LE(from + 8)];
  return { frame: { type, flags, serial, littleEndian: true, fields, body: chunk.subarray(body, end) }, end };
}

const aligned = (length: number): number => (length + 7) & ~7;

/** @returns where it ends, or `unusual` */
function readField(fields: Fields, chunk: Buffer, at: number, end: number): number {
  const code = chunk[at]!;
  const type = chunk[at + 2]!;
  // A signature of one type, and a value of four bytes at least; or of a length and its text's end.
  if (chunk[at + 1] !== 1 || chunk[at + 3] !== 0 || at + 8 > end) return unusual;
  if (code === destination) return type === stringType ? endOfText(at + 8, chunk.readUInt32LE(at + 4), end) : unusual;

  const [expected, name] = known[code] ?? [];
  if (name === undefined || expected?.charCodeAt(0) !== type) return unusual;
  if (name === 'replySerial') {
    fields.replySerial = chunk.readUInt32LE(at + 4);
    return at + 8;
  }
  const start = name === 'signature' ? at + 5 : at + 8;
  const length = name === 'signature' ? chunk[at + 4]! : chunk.readUInt32LE(at + 4);
  const textEnd = endOfText(start, length, end);
  if (textEnd !== unusual) fields[name] = chunk.toString('latin1', start, start + length);
  return textEnd;
}

/** With the NUL behind it. */
const endOfText = (start: number, length: number, end: number): number =>
  length > textMax || start + length >= end ? unusual : start + length + 1;
