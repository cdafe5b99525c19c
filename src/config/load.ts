import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from './error.ts';
import { parseConfig, type Settings } from './settings.ts';
import { sizeMax } from './source.ts';

/** The first of these that exists is read: the administrator's, or else the distribution's. */
export const defaultFiles = [
  '/etc/realtime-broker/realtime-broker.toml',
  '/usr/lib/realtime-broker/realtime-broker.toml',
] as const;

/**
 * @param file must exist; undefined: the first of the default files, or no file and all defaults
 * @throws ConfigError when it cannot be read, or anything in it is wrong
 */
export function loadConfig(
  file: string | undefined,
  { defaults = defaultFiles }: { readonly defaults?: readonly string[] } = {},
): Settings {
  if (file !== undefined) return load(file) ?? missing(file);
  for (const candidate of defaults) {
    const settings = load(candidate);
    if (settings !== undefined) return settings;
  }
  return parseConfig('', 'default');
}

function missing(file: string): never {
  throw new ConfigError([{ file, text: 'no such file; create it, or leave --config away to use the defaults' }]);
}

function load(file: string): Settings | undefined {
  let read: { readonly bytes: Buffer; readonly writableByAll: boolean };
  try {
    read = readBounded(file);
  } catch (fault) {
    const { code = '', message } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([{ file, text: `cannot be read: ${message}` }]);
  }

  const settings = parseConfig(decode(read.bytes, file), file);
  if (!read.writableByAll) return settings;
  return { ...settings, warnings: [...settings.warnings, `${file} can be written by everybody; chmod o-w it`] };
}

/** O_NONBLOCK, or a FIFO of that name would hold the daemon for ever; and no more than fits, or /dev/zero would. */
function readBounded(file: string): { readonly bytes: Buffer; readonly writableByAll: boolean } {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() && !stat.isCharacterDevice()) throw new Error('not a regular file');

    const bytes = Buffer.alloc(sizeMax + 1);
    let length = 0;
    for (;;) {
      const more = readSync(fd, bytes, length, bytes.length - length, null);
      if (more === 0) break;
      length += more;
      if (length > sizeMax) throw new Error(`longer than ${sizeMax} bytes`);
    }
    return { bytes: bytes.subarray(0, length), writableByAll: stat.isFile() && (stat.mode & 0o002) !== 0 };
  } finally {
    closeSync(fd);
  }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ file, text: 'not UTF-8, which TOML must be' }]);
  }
}
