import type { Rttime } from '../core/judge.ts';
import type { Subject } from '../core/rules.ts';
import type { Pid, Process, StartTime, Thread, Tid, Uid } from '../core/thread.ts';
import type { Caller, Clock, ProcessTable, Reach, Sighting, Target, ThreadHandle } from '../ports.ts';
import { Refused } from '../refused.ts';
import { Census } from './census.ts';
import { SyscallError } from './errno.ts';
import type { Handles } from './handles.ts';
import { noSuchThread, parseIds } from './ids.ts';
import type { Library } from './library.ts';
import { Namespaces } from './namespaces.ts';
import type { Proc } from './proc.ts';
import { hasEnded, type Stat } from './stat.ts';
import type { Status } from './status.ts';
import { LinuxSubject } from './subject.ts';

/** Processes and threads as /proc shows them. What it says may be old by the time it is used: open() and promote() look again. */
export class LinuxProcessTable implements ProcessTable {
  readonly #proc: Proc;
  readonly #handles: Handles;
  readonly #library: Pick<Library, 'fileId' | 'setRttime'>;
  readonly #namespaces: Namespaces;
  readonly #census: Census;
  /** Of callers' processes, for as long as the callers are remembered. */
  readonly #starttimes = new WeakMap<Caller, StartTime>();

  constructor(
    proc: Proc,
    handles: Handles,
    library: Pick<Library, 'fileId' | 'scheduling' | 'setRttime'>,
    clock: Clock,
  ) {
    this.#proc = proc;
    this.#handles = handles;
    this.#library = library;
    this.#namespaces = new Namespaces(proc, clock);
    this.#census = new Census(library, proc);
  }

  async find(caller: Caller, target: Target, reach: Reach = 'own'): Promise<Sighting> {
    const ids = parseIds(target);
    const asker = this.#asker(caller);

    if (this.#namespaces.isDeeper(asker.status)) {
      const { pid, tid } = await this.#namespaces.translate(caller, asker.status, ids);
      // The search took its time, and what it found is of a process that may have ended meanwhile.
      const still = this.#asker(caller);
      return this.#sight(caller, reach, pid, tid, pid === caller.pid ? still : this.#look(pid));
    }
    const pid = ids.process ?? caller.pid;
    const tid = ids.thread === 'main' ? (pid as number as Tid) : ids.thread;
    return this.#sight(caller, reach, pid, tid, pid === caller.pid ? asker : this.#look(pid));
  }

  open(thread: Thread, use?: 'once'): ThreadHandle {
    return this.#handles.open(thread, use);
  }

  subject({ pid, uid }: Pick<Process, 'pid' | 'uid'>): Subject {
    return new LinuxSubject(this.#proc, this.#library, pid, uid);
  }

  rttime(process: Process, held?: ThreadHandle): Exclude<Rttime, 'unread'> {
    const rttime = this.#proc.rttime(process.pid);
    // Asked afterwards: if it is still the same process, the limits were its.
    if (rttime === undefined || (held?.gone ?? this.standingOf(process) === 'gone'))
      throw noSuchThread(`Process ${process.pid} has ended`);
    return rttime;
  }

  limitRttime(process: Process, usec: bigint): boolean {
    if (this.standingOf(process) === 'gone') throw noSuchThread(`Process ${process.pid} has ended`);
    try {
      const before = this.#library.setRttime(process.pid, { soft: usec, hard: usec });
      if (this.standingOf(process) !== 'gone') return true;
      // Whoever has the pid now never asked for this.
      this.#library.setRttime(process.pid, before);
    } catch (fault) {
      if (!(fault instanceof SyscallError)) throw fault;
      if (fault.is('EPERM')) return false;
      if (!fault.is('ESRCH')) throw fault;
    }
    throw noSuchThread(`Process ${process.pid} has ended`);
  }

  standingOf(process: Process): 'same' | 'uid-changed' | 'gone' {
    const status = this.#proc.status(process.pid);
    if (status === undefined || isOver(status)) return 'gone';
    if (this.#proc.stat(process.pid)?.starttime !== process.starttime) return 'gone';
    return status.uids.every((uid) => uid === process.uid) ? 'same' : 'uid-changed';
  }

  cpuUsec({ tid, starttime, process }: Thread): bigint {
    const runUsec = this.#proc.runUsec(process.pid, tid);
    const stat = this.#proc.stat(process.pid, tid);
    if (stat?.starttime !== starttime) return 0n;
    return runUsec ?? stat.cpuUsec;
  }

  realtimeThreads(): AsyncIterable<Sighting> {
    return this.#census.realtimeThreads();
  }

  /**
   * The caller's process, which must be the one that was found behind him at his first request: his connection can
   * outlive it in a child's hands, and the ids of a sandbox would be taken for ours when a process outside gets its pid.
   *
   * What remains: who makes his first request only after his process has ended, and its pid is another's already, is
   * taken for that one from the start. It is of the same user, or everything is refused; but it may be one outside the
   * sandbox. Newer buses (dbus-daemon 1.15.8, dbus-broker 35) tell by ProcessFD of GetConnectionCredentials, a pidfd of
   * whoever connected, whether that one still lives. That would close it, but Node receives no descriptors.
   */
  #asker(caller: Caller): Seen {
    const seen = this.#look(caller.pid);
    const starttime = this.#starttimes.get(caller) ?? seen?.stat.starttime;
    if (seen === undefined || seen.stat.starttime !== starttime)
      throw noSuchThread(`The calling process ${caller.pid} has ended`);
    this.#starttimes.set(caller, starttime);
    return seen;
  }

  #look(pid: Pid): Seen | undefined {
    const status = this.#proc.status(pid);
    const stat = status && this.#proc.stat(pid);
    return stat && { status, stat };
  }

  #sight(caller: Caller, reach: Reach, pid: Pid, tid: Tid, seen: Seen | undefined): Sighting {
    if (seen === undefined) throw noSuchThread(`There is no process ${pid}`);
    const { status, stat: leader } = seen;
    if (status.tgid !== pid) throw noSuchThread(`${pid} is a thread of process ${status.tgid}, not a process`);
    const uid = ownerOf(status, pid, caller, reach);

    const stat = (tid as number) === pid ? leader : this.#proc.stat(pid, tid);
    if (stat === undefined) throw noSuchThread(`Process ${pid} has no thread ${tid}`);
    if (hasEnded(stat)) throw noSuchThread(`Thread ${tid} of process ${pid} has ended`);

    const process = { pid, starttime: leader.starttime, uid };
    return { thread: { tid, starttime: stat.starttime, process }, comm: stat.comm, program: this.#proc.program(pid) };
  }
}

interface Seen {
  readonly status: Status;
  /** Of its main thread. */
  readonly stat: Stat;
}

/** A zombie main thread counts for nothing while other threads of its process live on. */
const isOver = (status: Status): boolean => hasEnded(status) && status.threads <= 1;

/**
 * All four uids count: of a process on its way up or down, by setuid(2) or a set-user-ID program, some differ. Such a
 * process belongs to nobody, not even for root.
 */
function ownerOf({ uids }: Status, pid: Pid, caller: Caller, reach: Reach): Uid {
  const [uid] = uids as [Uid];
  if (uids.every((each) => each === uid) && (uid === caller.uid || reach === 'anyone')) return uid;
  throw new Refused({ reason: 'not-your-process', pid, uids, caller: caller.uid });
}
