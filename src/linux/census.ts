import type { Pid, Process, Tid } from '../core/thread.ts';
import type { Sighting } from '../ports.ts';
import { Turns } from '../turns.ts';
import { SyscallError } from './errno.ts';
import type { Library } from './library.ts';
import type { Proc } from './proc.ts';

/** Threads that are looked at in one turn of the event loop. */
const piece = 64;

/** Looks through all of /proc, keeping nobody waiting. */
export class Census {
  readonly #library: Pick<Library, 'scheduling'>;
  readonly #proc: Proc;
  readonly #turns = new Turns();

  constructor(library: Pick<Library, 'scheduling'>, proc: Proc) {
    this.#library = library;
    this.#proc = proc;
  }

  /** See ProcessTable.realtimeThreads. */
  async *realtimeThreads(): AsyncIterable<Sighting> {
    for await (const pid of this.#turns.pieces((await this.#proc.ids()) as readonly Pid[], 1)) {
      const process = this.#look(pid);
      if (process === undefined) continue;
      for await (const tid of this.#turns.pieces((await this.#proc.ids(pid)) as readonly Tid[], piece)) {
        const stat = this.#isRealtime(tid) ? this.#proc.stat(pid, tid) : undefined;
        if (stat === undefined) continue;
        const { starttime, comm } = stat;
        yield { thread: { tid, starttime, process }, comm, program: this.#proc.program(pid) };
      }
    }
  }

  /** Undefined when it is nobody's business. */
  #look(pid: Pid): Process | undefined {
    if (pid === 1 || pid === process.pid) return undefined;
    const [, uid] = this.#proc.status(pid)?.uids ?? [];
    const starttime = this.#proc.stat(pid)?.starttime;
    return uid === undefined || uid === 0 || starttime === undefined ? undefined : { pid, starttime, uid };
  }

  /** A system call for each: reading its files costs thirty times as much. */
  #isRealtime(tid: Tid): boolean {
    try {
      const { policy } = this.#library.scheduling(tid);
      return policy === 'fifo' || policy === 'rr';
    } catch (fault) {
      if (fault instanceof SyscallError && fault.is('ESRCH')) return false;
      throw fault;
    }
  }
}
