import { basename } from 'node:path';
import type { Pid } from '../core/thread.ts';
import type { Meddlers } from '../ports.ts';
import { Turns } from '../turns.ts';
import type { Proc } from './proc.ts';
import type { Texts } from './texts.ts';

/** Entries of /proc that are read in one turn of the event loop. */
const piece = 32;

/** The daemons, as they are called in stat, where a name has 15 bytes. */
const daemons: ReadonlyMap<string, string> = new Map([
  ['ananicy', 'ananicy'],
  ['ananicy-cpp', 'ananicy-cpp'],
  ['system76-schedu', 'system76-scheduler'],
  ['gamemoded', 'gamemoded'],
]);

/**
 * What meddler a process is, if it is one.
 * @param comm its name in stat
 * @param cmdline its /proc/PID/cmdline, for a name that says nothing: ananicy is a script, and called as its interpreter
 */
export function meddlerOf(comm: string, cmdline: () => string): string | undefined {
  const name = daemons.get(comm);
  if (name !== undefined || !/^python[\d.]*$/.test(comm)) return name;
  const [, script = ''] = cmdline().split('\0');
  return basename(script) === 'ananicy' ? 'ananicy' : undefined;
}

/**
 * The sched_ext scheduler that is in charge, if one is.
 * @param state of /sys/kernel/sched_ext/state @param ops of its root/ops; both undefined where there is none
 */
export function schedExtOf(state: string | undefined, ops: string | undefined): string | undefined {
  if (state?.trim() !== 'enabled') return undefined;
  const name = ops?.trim() ?? '';
  return /^[\w.-]{1,128}$/.test(name) ? `sched_ext (${name})` : 'sched_ext';
}

/** Whoever is known for changing what others' threads run as, looked for in /proc and /sys. */
export class LinuxMeddlers implements Meddlers {
  readonly #proc: Proc;
  readonly #sys: Texts;
  readonly #turns = new Turns();

  /** @param sys where /sys is */
  constructor(proc: Proc, sys: Texts) {
    this.#proc = proc;
    this.#sys = sys;
  }

  async running(): Promise<readonly string[]> {
    const found = new Set<string>();
    try {
      const schedExt = schedExtOf(
        this.#sys.read('kernel/sched_ext/state'),
        this.#sys.read('kernel/sched_ext/root/ops'),
      );
      if (schedExt !== undefined) found.add(schedExt);
      const pids = (await this.#proc.ids()) as readonly Pid[];
      for (const [index, pid] of pids.entries()) {
        if (index % piece === 0) await this.#turns.next();
        const name = this.#nameOf(pid);
        if (name !== undefined) found.add(name);
      }
    } catch {
      // Out of descriptors, say: whom it does not know it does not name.
    }
    return [...found].sort();
  }

  /** Only root can change everybody's threads: whoever else bears such a name is none, but for gamemoded, which asks. */
  #nameOf(pid: Pid): string | undefined {
    const isRoots = () => this.#proc.status(pid)?.uids.every((uid) => uid === 0) ?? false;
    const comm = this.#proc.stat(pid)?.comm ?? '';
    const name = meddlerOf(comm, () => (isRoots() && this.#proc.cmdline(pid)) || '');
    return name === undefined || name === 'gamemoded' || isRoots() ? name : undefined;
  }
}
