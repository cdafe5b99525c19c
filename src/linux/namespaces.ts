import { setImmediate } from 'node:timers/promises';
import type { Pid, Tid, Uid } from '../core/thread.ts';
import type { Caller, Clock } from '../ports.ts';
import type { Ids } from './ids.ts';
import { noSuchThread } from './ids.ts';
import type { Proc } from './proc.ts';
import type { Status } from './status.ts';

/** So many entries of /proc are read before others get their turn: about a quarter of a millisecond. */
const batch = 32;

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
   * @throws Refused 'no-such-thread' when none is found, or more than one, or when the user's processes were searched
   * less than a second ago
   */
  async translate(caller: Caller, asker: Status, { process, thread }: Ids): Promise<{ pid: Pid; tid: Tid }> {
    const search = new Search(this.#proc, () => this.#takeScan(caller.uid));

    const own = process === undefined || process === asker.nspid.at(-1);
    const pid = own ? caller.pid : await search.process(caller, process);
    const tid = thread === 'main' ? (pid as number as Tid) : await search.thread(pid, thread);
    return { pid, tid };
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

/** One caller's search. It costs time in proportion to what runs, so it pauses, and it is taken from a small allowance. */
class Search {
  readonly #proc: Proc;
  readonly #takeScan: () => void;
  #allowed = false;

  constructor(proc: Proc, takeScan: () => void) {
    this.#proc = proc;
    this.#takeScan = takeScan;
  }

  async process({ pid, uid }: Caller, wanted: number): Promise<Pid> {
    this.#allow();
    const namespace = this.#proc.pidNamespace(pid);
    if (namespace === undefined) throw noSuchThread(`The PID namespace of process ${pid} cannot be told`);

    const found = await this.#among((await this.#proc.ids()) as readonly Pid[], (candidate) => {
      const status = this.#proc.status(candidate);
      return (
        status !== undefined &&
        isCalled(status, wanted) &&
        status.uids.every((each) => each === uid) &&
        this.#proc.pidNamespace(candidate) === namespace
      );
    });
    return only(found, `process ${wanted} of yours in your PID namespace`);
  }

  async thread(pid: Pid, wanted: number): Promise<Tid> {
    const tids = (await this.#proc.ids(pid)) as readonly Tid[];
    if (tids.length > smallProcess) this.#allow();

    const found = await this.#among(tids, (tid) => {
      const status = this.#proc.status(pid, tid);
      return status !== undefined && isCalled(status, wanted);
    });
    return only(found, `thread ${wanted} of that process in your PID namespace`);
  }

  #allow(): void {
    if (!this.#allowed) this.#takeScan();
    this.#allowed = true;
  }

  async #among<Id>(ids: readonly Id[], matches: (id: Id) => boolean): Promise<readonly Id[]> {
    const found: Id[] = [];
    for (let from = 0; from < ids.length; from += batch) {
      if (from > 0) await setImmediate();
      found.push(...ids.slice(from, from + batch).filter(matches));
    }
    return found;
  }
}

/** In the PID namespace it is in itself. */
const isCalled = ({ nspid }: Status, id: number): boolean => nspid.at(-1) === id;

function only<Id>(found: readonly Id[], what: string): Id {
  if (found.length !== 1) throw noSuchThread(`There is ${found.length === 0 ? 'no' : 'more than one'} ${what}`);
  return found[0]!;
}
