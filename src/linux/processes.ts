import type { Rttime } from '../core/judge.ts';
import type { Subject } from '../core/rules.ts';
import type { Pid, Process, Thread, Tid, Uid } from '../core/thread.ts';
import type { Caller, Clock, ProcessTable, Reach, Sighting, Target, ThreadHandle } from '../ports.ts';
import { Refused } from '../refused.ts';
import { Askers, lookAt, type Seen } from './askers.ts';
import { Census } from './census.ts';
import { SyscallError } from './errno.ts';
import type { Handles } from './handles.ts';
import { noSuchThread, parseIds } from './ids.ts';
import type { Library } from './library.ts';
import { Members } from './members.ts';
import { Namespaces } from './namespaces.ts';
import type { Proc } from './proc.ts';
import { hasEnded } from './stat.ts';
import type { Status } from './status.ts';
import { LinuxSubject } from './subject.ts';

/** Processes and threads as /proc shows them. What it says may be old by the time it is used: open() and promote() look again. */
export class LinuxProcessTable implements ProcessTable {
  readonly #proc: Proc;
  readonly #handles: Handles;
  readonly #library: Library;
  readonly #namespaces: Namespaces;
  readonly #census: Census;
  readonly #askers: Askers;
  readonly #members = new Members();

  constructor(proc: Proc, handles: Handles, library: Library, clock: Clock) {
    this.#proc = proc;
    this.#handles = handles;
    this.#library = library;
    this.#namespaces = new Namespaces(proc, clock);
    this.#census = new Census(library, proc);
    this.#askers = new Askers(
      library,
      proc,
      (pidfd, onGone) => handles.watch(pidfd, onGone),
      ({ status }) => !this.#namespaces.isDeeper(status),
    );
  }

  async find(caller: Caller, target: Target, reach: Reach = 'own'): Promise<Sighting> {
    const ids = parseIds(target);
    const asker = this.#askers.look(caller);

    if (asker.status !== undefined && this.#namespaces.isDeeper(asker.status)) {
      const { pid, tid } = await this.#namespaces.translate(caller, asker.status, ids);
      // The search took its time, and what it found is of a process that may have ended meanwhile.
      const still = this.#askers.look(caller);
      return this.#sight(caller, reach, pid, tid, pid === caller.pid ? still : lookAt(this.#proc, pid));
    }
    const pid = ids.process ?? caller.pid;
    const tid = ids.thread === 'main' ? (pid as number as Tid) : ids.thread;
    return this.#sight(caller, reach, pid, tid, pid === caller.pid ? asker : lookAt(this.#proc, pid));
  }

  open(thread: Thread, use?: 'once'): ThreadHandle {
    return this.#handles.open(thread, use);
  }

  subject({ pid, uid }: Pick<Process, 'pid' | 'uid'>): Subject {
    return new LinuxSubject(this.#proc, this.#library, this.#members, pid, uid);
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

  usedNsec(pid: Pid): number | undefined {
    return this.#library.usedNsec(pid);
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

  #sight(caller: Caller, reach: Reach, pid: Pid, tid: Tid, seen: Seen | undefined): Sighting {
    if (seen === undefined) throw noSuchThread(`There is no process ${pid}`);
    const { tgid, starttime } = seen;
    if (tgid !== pid) throw noSuchThread(`${pid} is a thread of process ${tgid}, not a process`);
    const uid = ownerOf(seen, pid, caller, reach);

    const isMain = (tid as number) === pid;
    const stat = (isMain ? seen.stat : undefined) ?? this.#proc.stat(pid, tid);
    if (stat === undefined) throw noSuchThread(`Process ${pid} has no thread ${tid}`);
    if (hasEnded(stat)) throw noSuchThread(`Thread ${tid} of process ${pid} has ended`);

    const process = { pid, starttime, uid };
    return { thread: { tid, starttime: stat.starttime, process }, comm: stat.comm, program: this.#proc.program(pid) };
  }
}

/** A zombie main thread counts for nothing while other threads of its process live on. */
const isOver = (status: Status): boolean => hasEnded(status) && status.threads <= 1;

/**
 * All four uids count: of a process on its way up or down, by setuid(2) or a set-user-ID program, some differ. Such a
 * process belongs to nobody, not even for root.
 */
function ownerOf({ uids }: Seen, pid: Pid, caller: Caller, reach: Reach): Uid {
  const [uid] = uids as [Uid];
  if (uids.every((each) => each === uid) && (uid === caller.uid || reach === 'anyone')) return uid;
  throw new Refused({ reason: 'not-your-process', pid, uids, caller: caller.uid });
}
