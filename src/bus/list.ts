import marshall from 'dbus-native/lib/marshall.js';
import { Misuse } from './misuse.ts';
import { type Dictionary, Marshalled } from './wire.ts';

/** About a millisecond's work. */
const piece = 8;

/** Half of what the bus daemon takes in one message before it hangs up on us. */
const listBytesMax = 16 * 1024 * 1024;

/**
 * An aa{sv}, however long, without keeping anybody waiting: it is read and written a few at a time.
 * @param turn resolves when the next few may be
 * @throws Misuse 'LimitsExceeded'
 */
export async function marshalList(dictionaries: Iterable<Dictionary>, turn: () => Promise<void>): Promise<Marshalled> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let inPiece = 0;
  await turn();
  for (const dictionary of dictionaries) {
    // An element begins where the last one ended, which decides how it is padded; the list's length stands before all.
    const part = marshall('a{sv}', [dictionary], lengthBytes + bytes);
    parts.push(part);
    bytes += part.length;
    if (bytes > listBytesMax) throw new Misuse('LimitsExceeded', 'the list is too long for one message');
    if (++inPiece % piece === 0) await turn();
  }

  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(bytes);
  return new Marshalled(Buffer.concat([length, ...parts]));
}

const lengthBytes = 4;
