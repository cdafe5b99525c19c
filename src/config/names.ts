import { readFileSync } from 'node:fs';

/**
 * Names of users and groups, from the files alone: to ask NSS would mean to wait for a server, with every caller waiting
 * behind it. Read when the first name is asked for, once for each time the configuration is read.
 */
export class Names {
  readonly #files: { readonly user: string; readonly group: string };
  readonly #ids: { user?: ReadonlyMap<string, number>; group?: ReadonlyMap<string, number> } = {};

  constructor(files = { user: '/etc/passwd', group: '/etc/group' }) {
    this.#files = files;
  }

  /** The uid or gid of that name; undefined: the file has none such, or there is no such file. */
  id(of: 'user' | 'group', name: string): number | undefined {
    this.#ids[of] ??= parseIds(readIfThere(this.#files[of]));
    return this.#ids[of].get(name);
  }
}

/** NAME:x:ID:…, passwd(5) and group(5); of two lines with one name the first counts, as for everybody else. */
export function parseIds(text: string): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const [, name, id] of text.matchAll(/^([^:\n#+-][^:\n]*):[^:\n]*:(\d{1,10})(?::|$)/gm))
    if (!ids.has(name!) && Number(id) < idMax) ids.set(name!, Number(id));
  return ids;
}

/** -1 is no id. */
export const idMax = 2 ** 32 - 1;

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
