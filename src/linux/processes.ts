import type { Rttime } from '../core/judge.ts';
import type { Pid, Process, Thread, Tid, Uid } from '../core/thread.ts';
import type { Caller, Clock, Face, ProcessTable, Sighting, ThreadHandle, Wanted } from '../ports.ts';
import { Refused } from '../refused.ts';
import type { Handles } from './handles.ts';
import { noSuchThread, parseIds } from './ids.ts';
import { Namespaces } from './namespaces.ts';
import type { Proc } from './proc.ts';
import { hasEnded } from './stat.ts';
import type { Status } from './status.ts';

/** Processes and threads as /proc shows them. What it says may be old by the time it is used: open() and promote() look again. */
export class LinuxProcessTable implements ProcessTable {
  readonly #proc: Proc;
  readonly #handles: Handles;
  readonly #namespaces: Namespaces;

  constructor(proc: Proc, handles: Handles, clock: Clock) {
    this.#proc = proc;
    this.#handles = handles;
    this.#namespaces = new Namespaces(proc, clock);
  }

  async find(caller: Caller, wanted: Wanted): Promise<Sighting> {
    const ids = parseIds(wanted);
    const asker = this.#proc.status(caller.pid);
    if (asker === undefined) throw noSuchThread(`The calling process ${caller.pid} has ended`);

    if (this.#namespaces.isDeeper(asker)) {
      const { pid, tid } = await this.#namespaces.translate(caller, asker, ids);
      return this.#sight(caller, wanted.face, pid, tid, this.#proc.status(pid));
    }
    const pid = ids.process ?? caller.pid;
    const tid = ids.thread === 'main' ? (pid as number as Tid) : ids.thread;
    return this.#sight(caller, wanted.face, pid, tid, pid === caller.pid ? asker : this.#proc.status(pid));
  }

  open(thread: Thread): ThreadHandle {
    return this.#handles.open(thread);
  }

  rttime(process: Process): Exclude<Rttime, 'unread'> {
    const rttime = this.#proc.rttime(process.pid);
    // Asked afterwards: if it is still the same process, the limits were its.
    if (rttime === undefined || this.standingOf(process) === 'gone')
      throw noSuchThread(`Process ${process.pid} has ended`);
    return rttime;
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

  #sight(caller: Caller, face: Face, pid: Pid, tid: Tid, status: Status | undefined): Sighting {
    if (status === undefined) throw noSuchThread(`There is no process ${pid}`);
    if (status.tgid !== pid) throw noSuchThread(`${pid} is a thread of process ${status.tgid}, not a process`);
    const uid = ownerOf(status, pid, caller, face);

    const leader = this.#proc.stat(pid);
    const stat = leader && ((tid as number) === pid ? leader : this.#proc.stat(pid, tid));
    if (leader === undefined || stat === undefined) throw noSuchThread(`Process ${pid} has no thread ${tid}`);
    if (hasEnded(stat)) throw noSuchThread(`Thread ${tid} of process ${pid} has ended`);

    const process = { pid, starttime: leader.starttime, uid };
    return { thread: { tid, starttime: stat.starttime, process }, comm: stat.comm, program: this.#proc.program(pid) };
  }
}

/** A zombie main thread counts for nothing while other threads of its process live on. */
const isOver = (status: Status): boolean => hasEnded(status) && status.threads <= 1;

/**
 * All four uids count: of a process on its way up or down, by setuid(2) or a set-user-ID program, some differ. Such a
 * process belongs to nobody, not even for root.
 */
function ownerOf({ uids }: Status, pid: Pid, caller: Caller, face: Face): Uid {
  const [uid] = uids as [Uid];
  const mayTargetAnyone = caller.uid === 0 && face === 'own';
  if (uids.every((each) => each === uid) && (uid === caller.uid || mayTargetAnyone)) return uid;
  throw new Refused({ reason: 'not-your-process', pid, uids, caller: caller.uid });
}
