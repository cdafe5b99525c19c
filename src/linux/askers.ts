import { closeSync } from 'node:fs';
import type { Pid, StartTime, Uid } from '../core/thread.ts';
import type { Caller } from '../ports.ts';
import { SyscallError } from './errno.ts';
import type { Handles } from './handles.ts';
import { noSuchThread } from './ids.ts';
import type { Library } from './library.ts';
import { pidfdsTellUids } from './pidfd.ts';
import type { Proc } from './proc.ts';
import type { Stat } from './stat.ts';
import type { Status } from './status.ts';

/** Who asks for several threads does so within a moment. */
const heldMax = 32;

/** A process, as it was seen just now. */
export interface Seen {
  /** Another pid: what was looked for is a thread of that process. */
  readonly tgid: Pid;
  readonly starttime: StartTime;
  readonly uids: readonly Uid[];
  /** What /proc says, when it was asked: of the process, and of its main thread. */
  readonly status?: Status;
  readonly stat?: Stat;
}

interface Held {
  readonly pidfd: number;
  /** Ends the watch for its end. */
  readonly stop: () => void;
}

/** What /proc shows of a process; undefined: there is none. */
export function lookAt(proc: Proc, pid: Pid): Required<Seen> | undefined {
  const status = proc.status(pid);
  const stat = status && proc.stat(pid);
  return stat && { tgid: status.tgid, starttime: stat.starttime, uids: status.uids, status, stat };
}

/**
 * The processes behind our callers. Those who asked last are held by pidfds: whose one is, and that it still runs, then
 * takes one system call (Linux 6.13), and not two files of /proc to be opened, read and understood.
 */
export class Askers {
  readonly #library: Library;
  readonly #proc: Proc;
  readonly #holds: (seen: Required<Seen>) => boolean;
  readonly #able: boolean;
  /** For as long as the callers are remembered. */
  readonly #starttimes = new WeakMap<Caller, StartTime>();
  readonly #watch: Handles['watch'];
  /** Until they end; who was first held comes first. */
  readonly #held = new Map<Caller, Held>();

  /**
   * @param watch tells of the end of what a pidfd means
   * @param holds whether what a pidfd tells is all that there is to know
   */
  constructor(library: Library, proc: Proc, watch: Handles['watch'], holds: (seen: Required<Seen>) => boolean) {
    this.#library = library;
    this.#proc = proc;
    this.#watch = watch;
    this.#holds = holds;
    this.#able = pidfdsTellUids(library);
  }

  /**
   * The caller's process, which must be the one that was found behind him at his first request: his connection can
   * outlive it in a child's hands, and the ids of a sandbox would be taken for ours when a process outside gets its pid.
   *
   * What remains: who makes his first request only after his process has ended, and its pid is another's already, is
   * taken for that one from the start. It is of the same user, or everything is refused; but it may be one outside the
   * sandbox. Newer buses (dbus-daemon 1.15.8, dbus-broker 35) tell by ProcessFD of GetConnectionCredentials, a pidfd of
   * whoever connected, whether that one still lives. That would close it, but Node receives no descriptors.
   * @throws Refused 'no-such-thread'
   */
  look(caller: Caller): Seen {
    const known = this.#starttimes.get(caller);
    const held = this.#held.get(caller);
    if (held !== undefined && known !== undefined) return this.#lookAtHeld(caller, known, held);

    const seen = lookAt(this.#proc, caller.pid);
    if (seen === undefined || (known !== undefined && seen.starttime !== known)) throw ended(caller);
    this.#starttimes.set(caller, seen.starttime);
    if (this.#able && this.#holds(seen)) this.#hold(caller, seen.starttime);
    return seen;
  }

  #lookAtHeld(caller: Caller, starttime: StartTime, { pidfd }: Held): Seen {
    const uids = this.#library.uidsOf(pidfd);
    if (uids !== undefined) return { tgid: caller.pid, starttime, uids };
    this.#drop(caller);
    throw ended(caller);
  }

  /** Out of descriptors, there are the files as before. */
  #hold(caller: Caller, starttime: StartTime): void {
    let pidfd: number;
    try {
      pidfd = this.#library.openProcess(caller.pid);
    } catch (fault) {
      if (fault instanceof SyscallError) return;
      throw fault;
    }
    const stop = this.#watch(pidfd, () => this.#drop(caller));
    this.#held.set(caller, { pidfd, stop });
    // Only now does the pid mean one process for good.
    if (this.#proc.stat(caller.pid)?.starttime !== starttime) this.#drop(caller);
    if (this.#held.size <= heldMax) return;
    const [oldest] = this.#held.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(caller: Caller): void {
    const held = this.#held.get(caller);
    if (held === undefined) return;
    this.#held.delete(caller);
    held.stop();
    closeSync(held.pidfd);
  }
}

const ended = ({ pid }: Caller) => noSuchThread(`The calling process ${pid} has ended`);
