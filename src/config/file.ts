import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { sizeMax } from './source.ts';

/** Why a file, or a folder, that is there cannot be used. */
export class Unusable extends Error {}

/**
 * The text of a file; undefined: there is none of that name. Whoever could write in it could have all the realtime he wants.
 * @throws Unusable
 */
export function readText(file: string): string | undefined {
  return unlessMissing(file, () => decode(readBounded(file)));
}

/** The files NAME.toml in a folder, in the order of their names; none if it is not there. @throws Unusable */
export function tomlFilesIn(folder: string): readonly string[] {
  const names = unlessMissing(folder, () => {
    const found = statSync(folder);
    if (!found.isDirectory()) throw new Unusable('not a directory; remove it');
    requireOurs(found);
    return readdirSync(folder);
  });
  return (names ?? [])
    .filter((name) => /^[^.].*\.toml$/.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);
}

function unlessMissing<Result>(path: string, read: () => Result): Result | undefined {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof Unusable) throw fault;
    const { code = '', message } = fault as NodeJS.ErrnoException;
    if ((code === 'ENOENT' || code === 'ENOTDIR') && !isThere(path)) return undefined;
    throw new Unusable(`cannot be read: ${message}`);
  }
}

/** A link that leads nowhere is there: somebody meant something by it. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** O_NONBLOCK, or a FIFO of that name would hold the daemon for ever; and no more than fits. */
function readBounded(file: string): Buffer {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Unusable('cannot be read: not a regular file');
    requireOurs(found);

    const bytes = Buffer.alloc(sizeMax + 1);
    let length = 0;
    for (;;) {
      const more = readSync(fd, bytes, length, bytes.length - length, null);
      if (more === 0) return bytes.subarray(0, length);
      length += more;
      if (length > sizeMax) throw new Unusable(`cannot be read: longer than ${sizeMax} bytes`);
    }
  } finally {
    closeSync(fd);
  }
}

/** Root's; or of whoever only wants to know whether a file of his own is good. */
function requireOurs({ uid, mode }: Stats): void {
  if (uid !== 0 && uid !== process.geteuid?.()) throw new Unusable(`it belongs to uid ${uid}; chown it to root`);
  if ((mode & 0o022) !== 0)
    throw new Unusable(`others may write it (mode ${(mode & 0o7777).toString(8).padStart(4, '0')}); chmod go-w it`);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unusable('not UTF-8, which TOML must be');
  }
}
