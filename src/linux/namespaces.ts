import type { Pid, Tid, Uid } from '../core/thread.ts';
import type { Caller, Clock } from '../ports.ts';
import type { Ids } from './ids.ts';
import { noSuchThread } from './ids.ts';
import type { Proc } from './proc.ts';
import { type Found, Searches } from './searches.ts';
import type { Status } from './status.ts';

/** A process with more threads than this costs as much to search as all processes, and is searched as seldom. */
const smallProcess = 512;

const scanEveryMsec = 1000;

/**
 * Ids of a caller in a PID namespace below ours. There they mean others than here, so they are looked up by NSpid, and
 * never tried as ids of ours: they would hit a stranger.
 */
export class Namespaces {
  readonly #proc: Proc;
  readonly #clock: Clock;
  readonly #depth: number;
  readonly #searches = new Searches();
  readonly #lastScans = new Map<Uid, number>();

  constructor(proc: Proc, clock: Clock) {
    this.#proc = proc;
    this.#clock = clock;
    this.#depth = proc.status('self')?.nspid.length ?? 1;
  }

  isDeeper(asker: Status): boolean {
    return asker.nspid.length > this.#depth;
  }

  /**
   * Our ids for the caller's: only of threads in his own process, or of processes with his uids in his very namespace.
   * It takes its time; whether the caller is still who he was is for whoever asked to find out.
   * @throws Refused 'no-such-thread' when none is found, or more than one, when the user's processes were searched less
   * than a second ago, or when too many searches of his wait
   */
  async translate(caller: Caller, asker: Status, { process, thread }: Ids): Promise<{ pid: Pid; tid: Tid }> {
    if (process !== undefined && process !== asker.nspid.at(-1)) return this.#amongAll(caller, process, thread);

    const { uid, pid } = caller;
    if (thread !== 'main' && asker.threads > smallProcess) this.#takeScan(uid);
    return { pid, tid: await this.#thread(uid, pid, thread) };
  }

  async #amongAll({ uid, pid: asker }: Caller, process: Pid, thread: Ids['thread']): Promise<{ pid: Pid; tid: Tid }> {
    const namespace = this.#proc.pidNamespace(asker);
    if (namespace === undefined) throw noSuchThread(`The PID namespace of process ${asker} cannot be told`);
    this.#takeScan(uid);

    const list = async () => (await this.#proc.ids()) as readonly Pid[];
    const nameOf = (candidate: Pid) => this.#nameIn(namespace, uid, candidate);
    const found = await this.#searches.find(uid, `processes in ${namespace}`, list, nameOf);
    const pid = only(found, process, 'process', 'of yours') as Pid;
    const tid = await this.#thread(uid, pid, thread);
    // Meanwhile the pid may have become that of a process elsewhere.
    if (nameOf(pid) !== process) throw noSuchThread(`Process ${process} in your PID namespace has ended`);
    return { pid, tid };
  }

  async #thread(uid: Uid, pid: Pid, thread: Ids['thread']): Promise<Tid> {
    if (thread === 'main') return pid as number as Tid;
    const list = async () => (await this.#proc.ids(pid)) as readonly Tid[];
    const nameOf = (tid: Tid) => this.#proc.status(pid, tid)?.nspid.at(-1);
    const found = await this.#searches.find(uid, `threads of ${pid}`, list, nameOf);
    return only(found, thread, 'thread', 'of that process') as Tid;
  }

  /** What a process of this user is called in this namespace; undefined when it is not there, or not his. */
  #nameIn(namespace: string, uid: Uid, pid: Pid): number | undefined {
    const status = this.#proc.status(pid);
    if (status === undefined || status.uids.some((each) => each !== uid)) return undefined;
    return this.#proc.pidNamespace(pid) === namespace ? status.nspid.at(-1) : undefined;
  }

  #takeScan(uid: Uid): void {
    const nowMsec = this.#clock.bootMsec();
    const last = this.#lastScans.get(uid);
    if (last !== undefined && nowMsec < last + scanEveryMsec)
      throw noSuchThread(
        'Ids of your PID namespace are looked up among all processes once a second only, not yet again',
      );

    for (const [other, msec] of this.#lastScans) {
      if (nowMsec < msec + scanEveryMsec) break;
      this.#lastScans.delete(other);
    }
    this.#lastScans.delete(uid);
    this.#lastScans.set(uid, nowMsec);
  }
}

function only(found: Found, id: number, kind: 'process' | 'thread', of: string): number {
  const [one, ...others] = found.get(id) ?? [];
  if (one !== undefined && others.length === 0) return one;
  throw noSuchThread(
    `There is ${one === undefined ? 'no' : 'more than one'} ${kind} ${id} ${of} in your PID namespace`,
  );
}
