import { readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Rttime } from '../core/judge.ts';
import type { Gid, Pid, Tid } from '../core/thread.ts';
import { parseUnits, type Units } from './cgroup.ts';
import type { Library } from './library.ts';
import { parseRttime } from './rlimits.ts';
import { parseRunUsec } from './schedstat.ts';
import { parseStat, type Stat } from './stat.ts';
import { parseGroups, parseStatus, type Status } from './status.ts';
import { Texts, unlessGone } from './texts.ts';

/** What /proc tells, proc(5). Whoever is asked about may end at any moment: then the answer is undefined. */
export class Proc {
  readonly #root: string;
  readonly #texts: Texts;

  constructor(library: Pick<Library, 'read'>, root = '/proc') {
    this.#root = root;
    this.#texts = new Texts(library, root);
  }

  /**
   * Of a process's main thread, or of any of its threads; undefined also when the thread is not of that process. In the
   * file of the whole process the kernel adds up what all its threads have used.
   */
  stat(pid: Pid, tid = pid as number as Tid): Stat | undefined {
    return this.#read(`${of(pid, tid)}/stat`, parseStat);
  }

  status(pid: Pid | 'self', tid?: Tid): Status | undefined {
    return this.#read(`${of(pid, tid)}/status`, parseStatus);
  }

  /** All groups the process is in. */
  groups(pid: Pid): readonly Gid[] | undefined {
    return this.#read(`${pid}/status`, parseGroups);
  }

  units(pid: Pid): Units | undefined {
    return this.#read(`${pid}/cgroup`, parseUnits);
  }

  rttime(pid: Pid): Exclude<Rttime, 'unread'> | undefined {
    return this.#read(`${pid}/limits`, parseRttime);
  }

  runUsec(pid: Pid, tid: Tid): bigint | undefined {
    return this.#read(`${of(pid, tid)}/schedstat`, parseRunUsec);
  }

  /** Its arguments, each with a NUL behind it: they are its user's, and may be long. */
  cmdline(pid: Pid): string | undefined {
    return this.#texts.read(`${pid}/cmdline`);
  }

  /** The program's path, for people: its user can make it say anything. Empty when there is none, or we may not look. */
  program(pid: Pid): string {
    return this.#link(`${pid}/exe`) ?? '';
  }

  /** A path that leads to the very file its program is, whatever has its name by now. */
  programFile(pid: Pid): string {
    return `${this.#root}/${pid}/exe`;
  }

  /** "pid:[4026531836]"; undefined also when we may not look. */
  pidNamespace(pid: Pid): string | undefined {
    return this.#link(`${pid}/ns/pid`);
  }

  /** Pids of all processes; or tids of all threads of one, none when it ended. */
  async ids(pid?: Pid): Promise<readonly number[]> {
    const directory = pid === undefined ? this.#root : `${this.#root}/${pid}/task`;
    const names = await readdir(directory).catch(unlessGone('ENOENT', 'ESRCH'));
    return (names ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  }

  #read<Parsed>(path: string, parse: (text: string) => Parsed): Parsed | undefined {
    const text = this.#texts.read(path);
    // Of a process that ended while its limits were read nothing is left to tell.
    return text === undefined || text === '' ? undefined : parse(text);
  }

  #link(path: string): string | undefined {
    try {
      return readlinkSync(`${this.#root}/${path}`);
    } catch (fault) {
      return unlessGone('ENOENT', 'ESRCH', 'EACCES', 'EPERM')(fault);
    }
  }
}

const of = (pid: Pid | 'self', tid: Tid | undefined): string => (tid === undefined ? `${pid}` : `${pid}/task/${tid}`);
