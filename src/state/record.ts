import { crc32 } from 'node:zlib';

/** One line: a checksum, and JSON. Whatever was cut off or changed is no record any more. */
export function encodeRecord(value: object): Buffer {
  const json = JSON.stringify(value);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

/** @param line without its end; @returns undefined when it is no record */
export function decodeRecord(line: Buffer): unknown {
  const text = line.toString('utf8');
  const json = text.slice(checksumLength + 1);
  if (text !== `${checksum(json)} ${json}`) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const checksumLength = 8;
const checksum = (json: string): string => crc32(json).toString(16).padStart(checksumLength, '0');
