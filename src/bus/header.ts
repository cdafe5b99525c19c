import type { Outgoing } from './wire.ts';

const fixedBytes = 16;
const littleEndian = 0x6c;
const [objectPath, string, signatureType, uint32] = [0x6f, 0x73, 0x67, 0x75];

const aligned = (at: number): number => (at + 7) & ~7;

/**
 * A whole message, its body being written already; specification, "Message Format". Every message begins with one of these,
 * so it is written in one go, into memory of the right size: dbus-native builds it out of arrays, in ten times as long.
 */
export function withHeader(message: Omit<Outgoing, 'body'>, body: Buffer): Buffer {
  const { type, flags = 0, serial, replySerial, path, member, errorName, destination, sender } = message;
  const signature = message.signature === '' ? undefined : message.signature;

  let end = fixedBytes + (replySerial === undefined ? 0 : 8);
  end = endOf(end, path, 4);
  end = endOf(end, message.interface, 4);
  end = endOf(end, member, 4);
  end = endOf(end, errorName, 4);
  end = endOf(end, destination, 4);
  end = endOf(end, sender, 4);
  end = endOf(end, signature, 1);

  const bytes = Buffer.alloc(aligned(end) + body.length);
  bytes[0] = littleEndian;
  bytes[1] = type;
  bytes[2] = flags;
  bytes[3] = 1;
  bytes.writeUInt32LE(body.length, 4);
  bytes.writeUInt32LE(serial, 8);
  bytes.writeUInt32LE(end - fixedBytes, 12);

  let at = fixedBytes;
  if (replySerial !== undefined) at = bytes.writeUInt32LE(replySerial, begin(bytes, at, 5, uint32));
  // Their codes; specification, "Header Fields".
  at = writeText(bytes, at, 1, objectPath, path);
  at = writeText(bytes, at, 2, string, message.interface);
  at = writeText(bytes, at, 3, string, member);
  at = writeText(bytes, at, 4, string, errorName);
  at = writeText(bytes, at, 6, string, destination);
  at = writeText(bytes, at, 7, string, sender);
  at = writeText(bytes, at, 8, signatureType, signature);
  bytes.set(body, aligned(at));
  return bytes;
}

/** @param lengthBytes in which the length of the text is written; @returns where such a field ends that begins here */
const endOf = (at: number, text: string | undefined, lengthBytes: number): number =>
  text === undefined ? at : aligned(at) + 4 + lengthBytes + text.length + 1;

/** @returns where it ends */
function writeText(bytes: Buffer, from: number, code: number, type: number, text: string | undefined): number {
  if (text === undefined) return from;
  let at = begin(bytes, from, code, type);
  at = type === signatureType ? bytes.writeUInt8(text.length, at) : bytes.writeUInt32LE(text.length, at);
  return at + bytes.write(text, at, 'latin1') + 1;
}

/** A field is a struct of its code and a variant. @returns where its value begins */
function begin(bytes: Buffer, from: number, code: number, type: number): number {
  const at = aligned(from);
  bytes[at] = code;
  bytes[at + 1] = 1;
  bytes[at + 2] = type;
  return at + 4;
}
