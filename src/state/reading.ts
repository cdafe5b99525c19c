import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Deed } from '../core/legacy.ts';
import { parseDeed } from './deed.ts';
import { format, type Heading, parseHeading, parseOrigin } from './heading.ts';
import { Unfit } from './plain.ts';
import { decodeRecord } from './record.ts';

/** What a logbook says. */
export type Reading =
  /** There is none of this boot. */
  | { readonly kind: 'none' }
  /** `torn`: its writer was killed amid the last record, which counts for nothing. */
  | { readonly kind: 'whole'; readonly heading: Heading; readonly deeds: readonly Deed[]; readonly torn: boolean }
  /** What could be read all the same, if anything. */
  | { readonly kind: 'damaged'; readonly why: string; readonly heading?: Heading; readonly deeds: readonly Deed[] };

/** Ten times what the largest roster comes to. */
const sizeMax = 128 * 1024 * 1024;

/** Instead of a boot id. No kernel's is so short. */
export const anyBoot = 'any';

/** Never throws: whatever is there under that name, a broker must start. @param boot the boot it must be of, or anyBoot */
export function readLogbook(file: string, boot: string): Reading {
  try {
    const bytes = readOwn(file);
    return bytes === undefined ? { kind: 'none' } : judge(bytes, boot);
  } catch (fault) {
    return damaged(fault instanceof Error ? fault.message : String(fault));
  }
}

/** O_NONBLOCK, or a FIFO of that name would hold the daemon for ever. */
function readOwn(file: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
  try {
    const { mode, uid, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is no regular file');
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0)
      throw new Error(`others may have written it (uid ${uid}, mode ${(mode & 0o7777).toString(8)})`);
    if (size > sizeMax) throw new Error(`it is ${size} bytes long, above ${sizeMax}`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What these bytes say, whatever they are. */
export function judge(bytes: Buffer, boot: string): Reading {
  const lines = linesOf(bytes);
  const [first, ...others] = lines.whole;
  const origin = first && parsed(decodeRecord(first), parseOrigin);
  if (origin === undefined) return damaged('its heading cannot be read');
  // Nothing of another boot runs any more.
  if (boot !== anyBoot && origin.boot !== boot) return { kind: 'none' };
  if (origin.format !== format) return damaged(`its format is ${origin.format}, and this broker reads ${format} only`);
  const heading = first && parsed(decodeRecord(first), parseHeading);
  if (heading === undefined) return damaged('its heading cannot be read');

  const deeds = others.map((line) => parsed(decodeRecord(line), parseDeed));
  const legible = deeds.filter((deed) => deed !== undefined);
  if (legible.length === deeds.length) return { kind: 'whole', heading, deeds: legible, torn: lines.torn };
  const unreadable = deeds.length - legible.length;
  // The heading is the first line of the file.
  const why = `${unreadable} of its records cannot be read, the first one in line ${deeds.indexOf(undefined) + 2}`;
  return { kind: 'damaged', why, heading, deeds: legible };
}

const damaged = (why: string): Reading => ({ kind: 'damaged', why, deeds: [] });

function linesOf(bytes: Buffer): { readonly whole: Buffer[]; readonly torn: boolean } {
  const whole: Buffer[] = [];
  let at = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, at)) {
    whole.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return { whole, torn: at < bytes.length };
}

/** A record with the right checksum and the wrong content was not written by us, and is no record either. */
function parsed<Value>(record: unknown, parse: (record: unknown) => Value): Value | undefined {
  try {
    return parse(record);
  } catch (fault) {
    if (fault instanceof Unfit) return undefined;
    throw fault;
  }
}
