import { readFileSync, statSync } from 'node:fs';
import type { Gid, Uid } from '../core/thread.ts';

type MembersOf = ReadonlyMap<Gid, ReadonlySet<Uid>>;

/**
 * Who is in which group by /etc/passwd and /etc/group, from the files alone: to ask NSS would mean to wait for a server.
 * They are read anew when they are others than before.
 */
export class Members {
  readonly #files: readonly [passwd: string, group: string];
  #stamp = '';
  #members: MembersOf = new Map();

  constructor(files: readonly [passwd: string, group: string] = ['/etc/passwd', '/etc/group']) {
    this.#files = files;
  }

  has(gid: Gid, uid: Uid): boolean {
    const stamp = this.#files.map(stampOf).join();
    if (stamp !== this.#stamp) {
      const [passwd, group] = this.#files.map(readIfThere) as [string, string];
      this.#members = parseMembers(passwd, group);
      this.#stamp = stamp;
    }
    return this.#members.get(gid)?.has(uid) ?? false;
  }
}

/** passwd(5) names one group of a user, group(5) the others. Lines that are neither are nobody's. */
export function parseMembers(passwd: string, group: string): MembersOf {
  const members = new Map<Gid, Set<Uid>>();
  const add = (gid: Gid, uid: Uid) => members.set(gid, (members.get(gid) ?? new Set()).add(uid));
  const uids = new Map<string, Uid>();
  for (const [, name = '', uid, gid] of passwd.matchAll(/^([^:\n]+):[^:\n]*:(\d{1,10}):(\d{1,10})(?::|$)/gm)) {
    uids.set(name, Number(uid) as Uid);
    add(Number(gid) as Gid, Number(uid) as Uid);
  }
  for (const [, gid, names = ''] of group.matchAll(/^[^:\n]+:[^:\n]*:(\d{1,10}):([^:\n]*)$/gm))
    for (const name of names.split(',')) {
      const uid = uids.get(name);
      if (uid !== undefined) add(Number(gid) as Gid, uid);
    }
  return members;
}

function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.ctimeNs}`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
