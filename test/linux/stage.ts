import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Attributes } from '../../src/core/scheduling.ts';
import type { Pid, Tid, Uid } from '../../src/core/thread.ts';
import { LinuxClock } from '../../src/linux/clock.ts';
import { SyscallError } from '../../src/linux/errno.ts';
import { Handles } from '../../src/linux/handles.ts';
import { type Library, openLibrary } from '../../src/linux/library.ts';
import { Proc } from '../../src/linux/proc.ts';
import { LinuxProcessTable } from '../../src/linux/processes.ts';
import { LinuxScheduler } from '../../src/linux/sched.ts';
import type { Caller, Clock } from '../../src/ports.ts';
import { alice, type Beginning, root, type Stage } from '../contracts/stage.ts';
import { Actor, pause, Wardrobe } from './actor.ts';
import { libraryPath } from './build.ts';

interface Setting {
  /** false: as on a kernel without PIDFD_THREAD */
  readonly threadPidfds?: boolean;
  /** false: as on a kernel without PIDFD_GET_INFO */
  readonly pidfdsTellUids?: boolean;
  readonly clock?: Clock;
}

/** The real kernel as a stage: real processes of real users, and what they run as read back with sched_getattr(2). */
export class LinuxStage implements Stage {
  beforeAct: (() => void) | undefined;
  afterAct: (() => void) | undefined;
  readonly library: Library;
  readonly proc: Proc;
  readonly handles: Handles;
  readonly processes: LinuxProcessTable;
  readonly scheduler: LinuxScheduler;
  readonly #wardrobe = new Wardrobe();
  readonly #actors = new Map<Pid, Actor>();
  #understudy: Actor | undefined;

  constructor({ threadPidfds, pidfdsTellUids = true, clock }: Setting = {}) {
    const library = openLibrary(libraryPath());
    this.library = pidfdsTellUids ? library : { ...library, uidsOf: notThere };
    this.proc = new Proc(this.library);
    this.handles = new Handles(this.library, this.proc, threadPidfds);
    this.processes = new LinuxProcessTable(this.proc, this.handles, this.library, clock ?? new LinuxClock(library));
    this.scheduler = new LinuxScheduler(this.library, this.proc, {
      beforeAct: () => this.beforeAct?.(),
      afterAct: () => this.afterAct?.(),
    });
  }

  spawn({ uid = alice, rttimeUsec }: Beginning = {}): Pid {
    const { pid } = this.cast(uid);
    if (rttimeUsec !== undefined) this.actor(pid).say(`rttime ${rttimeUsec} ${rttimeUsec}`);
    return pid;
  }

  /** What actors run. */
  get program(): string {
    return this.#wardrobe.plain;
  }

  /** @param prefix see Actor */
  cast(uid: Uid, prefix: readonly string[] = []): Actor {
    const actor = new Actor(this.#wardrobe, prefix.length === 0 ? uid : root, prefix);
    this.#actors.set(actor.pid, actor);
    return actor;
  }

  actor(pid: Pid): Actor {
    const actor = this.#actors.get(pid);
    if (actor === undefined) throw new Error(`no actor has the pid ${pid}`);
    return actor;
  }

  addThread(pid: Pid): Tid {
    return Number(this.actor(pid).say('thread')) as Tid;
  }

  endThread(pid: Pid, tid: Tid): void {
    this.actor(pid).say(`end ${tid}`);
  }

  /** Done when it is a zombie with no threads: the event loop will collect it later. */
  kill(pid: Pid): void {
    process.kill(pid, 'SIGKILL');
    while ((this.proc.status(pid)?.threads ?? 0) > 1 || !['Z', undefined].includes(this.proc.status(pid)?.state))
      pause(1);
  }

  leaveMainThread(pid: Pid): void {
    this.actor(pid).say('leave');
  }

  exec(pid: Pid, tid: Tid, program: 'plain' | 'setuid-root'): void {
    this.actor(pid).say(`exec ${tid} ${program === 'plain' ? this.#wardrobe.plain : this.#wardrobe.setuidRoot}`);
  }

  setUids(pid: Pid, real: Uid, effective: Uid, saved: Uid): void {
    this.actor(pid).say(`uids ${real} ${effective} ${saved}`);
  }

  startStranger(id: Tid): void {
    this.#understudy ??= this.cast(root);
    this.#understudy.say(`reuse ${id}`);
  }

  startSuccessor(pid: Pid, tid: Tid): void {
    // Start times count in hundredths of a second; an id comes back within one in a test only.
    pause(20);
    // Others start threads too, so it may take some tries until ours gets the id.
    for (let tries = 0; tries < 500; tries++) {
      writeFileSync('/proc/sys/kernel/ns_last_pid', `${tid - 1}`);
      const started = this.addThread(pid);
      if (started === tid) return;
      this.endThread(pid, started);
    }
    throw new Error(`no new thread would get the id ${tid}`);
  }

  runsAs(tid: Tid): Attributes | undefined {
    try {
      return this.library.scheduling(tid);
    } catch (fault) {
      if (fault instanceof SyscallError && fault.is('ESRCH')) return undefined;
      throw fault;
    }
  }

  letRunAs(tid: Tid, attributes: Attributes): void {
    this.library.setScheduling(tid, attributes);
  }

  caller(pid: Pid, uid = realUidOf(pid)): Caller {
    return { name: `:1.${pid}`, uid, pid };
  }

  [Symbol.dispose](): void {
    for (const actor of this.#actors.values()) actor[Symbol.dispose]();
    this.#wardrobe[Symbol.dispose]();
    this.handles[Symbol.dispose]();
  }
}

const notThere = (): never => {
  throw new SyscallError('PIDFD_GET_INFO', constants.errno.ENOTTY);
};

const realUidOf = (pid: Pid): Uid =>
  Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) as Uid;
