import type { Subject } from '../core/rules.ts';
import type { Gid, Pid, Uid } from '../core/thread.ts';
import type { Units } from './cgroup.ts';
import type { Library } from './library.ts';
import type { Members } from './members.ts';
import type { Proc } from './proc.ts';

/**
 * A process as /proc shows it to rules, read when one asks and remembered until the next judgement. Of a process that has
 * ended nothing is known, and no rule applies but by its user: it will not be promoted any more.
 */
export class LinuxSubject implements Subject {
  readonly uid: Uid;
  readonly #pid: Pid;
  readonly #proc: Proc;
  readonly #library: Pick<Library, 'fileId'>;
  readonly #members: Members;
  #groups: readonly Gid[] | undefined;
  #units: Units | undefined;
  #program: string | undefined;

  constructor(proc: Proc, library: Pick<Library, 'fileId'>, members: Members, pid: Pid, uid: Uid) {
    this.uid = uid;
    this.#pid = pid;
    this.#proc = proc;
    this.#library = library;
    this.#members = members;
  }

  /** Who has subordinate gids can have his process leave a group, newgidmap(1); he is a member all the same. */
  isInGroup(gid: Gid): boolean {
    this.#groups ??= this.#proc.groups(this.#pid) ?? [];
    return this.#groups.includes(gid) || this.#members.has(gid, this.uid);
  }

  /** The path is looked at each time: an upgrade puts another file there. */
  runs(path: string): boolean {
    this.#program ??= this.#library.fileId(this.#proc.programFile(this.#pid)) ?? '';
    return this.#program !== '' && this.#program === this.#library.fileId(path);
  }

  isInUnit(of: 'unit' | 'slice' | 'userUnit', name: string): boolean {
    this.#units ??= this.#proc.units(this.#pid) ?? { unit: undefined, slices: [], userUnits: [] };
    const { unit, slices, userUnits } = this.#units;
    return of === 'unit' ? unit === name : (of === 'slice' ? slices : userUnits).includes(name);
  }
}
