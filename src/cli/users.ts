import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { printable } from '../core/printable.ts';
import { WrongUse } from './complaint.ts';
import { unknown } from './words.ts';

/** Users by their names, as /etc/passwd has them; passwd(5). Who is known elsewhere only goes by his number. */
export class Users {
  readonly #file: string;
  #names: ReadonlyMap<number, string> | undefined;

  constructor(file = '/etc/passwd') {
    this.#file = file;
  }

  nameOf(uid: number): string | undefined {
    this.#names ??= this.#read();
    return this.#names.get(uid);
  }

  /** His name, or his number. */
  show(uid: number): string {
    return printable(this.nameOf(uid) ?? `${uid}`);
  }

  /** @throws WrongUse when there is no such user */
  find(word: string): number {
    if (/^\d{1,10}$/.test(word)) return Number(word);
    this.#names ??= this.#read();
    for (const [uid, name] of this.#names) if (name === word) return uid;
    throw new WrongUse(
      `${unknown('user', word, [...this.#names.values()])} Who is not in ${this.#file} goes by his number.`,
    );
  }

  #read(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const line of textOf(this.#file).split('\n')) {
      const [name = '', , uid = ''] = line.split(':');
      // Of several names for a uid the first counts, as for getpwuid(3).
      if (name !== '' && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
    }
    const { uid, username } = userInfo();
    if (!names.has(uid)) names.set(uid, username);
    return names;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
