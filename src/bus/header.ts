import type { Outgoing } from './wire.ts';

type Field = readonly [code: number, type: 'o' | 's' | 'g', text: string | undefined];

const fixedBytes = 16;
/** Header field codes; specification, "Header Fields". */
const replySerialCode = 5;
const signatureCode = 8;

const aligned = (at: number): number => (at + 7) & ~7;

/**
 * A whole message, its body being written already; specification, "Message Format". Every message begins with one of these,
 * so it is written in one go, into memory of the right size: dbus-native builds it out of arrays, in eight times as long.
 */
export function withHeader(message: Omit<Outgoing, 'body'>, body: Buffer): Buffer {
  const { type, flags = 0, serial, replySerial, signature } = message;
  const fields: readonly Field[] = [
    [1, 'o', message.path],
    [2, 's', message.interface],
    [3, 's', message.member],
    [4, 's', message.errorName],
    [6, 's', message.destination],
    [7, 's', message.sender],
    [signatureCode, 'g', signature === '' ? undefined : signature],
  ];
  const end = fieldsEnd(fields, replySerial !== undefined);
  const bytes = Buffer.alloc(aligned(end) + body.length);

  bytes.write('l', 0, 'latin1');
  bytes[1] = type;
  bytes[2] = flags;
  bytes[3] = 1;
  bytes.writeUInt32LE(body.length, 4);
  bytes.writeUInt32LE(serial, 8);
  bytes.writeUInt32LE(end - fixedBytes, 12);

  let at = fixedBytes;
  if (replySerial !== undefined) {
    at = begin(bytes, at, replySerialCode, 'u');
    at = bytes.writeUInt32LE(replySerial, at);
  }
  for (const [code, fieldType, text] of fields) {
    if (text === undefined) continue;
    at = begin(bytes, at, code, fieldType);
    at = fieldType === 'g' ? bytes.writeUInt8(text.length, at) : bytes.writeUInt32LE(text.length, at);
    at += bytes.write(text, at, 'latin1') + 1;
  }
  bytes.set(body, aligned(at));
  return bytes;
}

function fieldsEnd(fields: readonly Field[], hasReplySerial: boolean): number {
  let at = fixedBytes + (hasReplySerial ? 8 : 0);
  for (const [, type, text] of fields)
    if (text !== undefined) at = aligned(at) + 4 + (type === 'g' ? 1 : 4) + text.length + 1;
  return at;
}

/** A field is a struct of its code and a variant. @returns where its value begins */
function begin(bytes: Buffer, from: number, code: number, type: string): number {
  const at = aligned(from);
  bytes[at] = code;
  bytes[at + 1] = 1;
  bytes.write(type, at + 2, 'latin1');
  return at + 4;
}
