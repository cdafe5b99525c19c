import type { Attributes } from '../../src/core/scheduling.ts';
import type { Pid, Tid, Uid } from '../../src/core/thread.ts';
import type { Caller, ProcessTable, Scheduler } from '../../src/ports.ts';

/** Two users who are neither root nor each other. */
export const alice = 20_001 as Uid;
export const bob = 20_002 as Uid;
export const root = 0 as Uid;

export interface Beginning {
  /** alice unless said otherwise */
  readonly uid?: Uid;
  /** The hard RLIMIT_RTTIME; undefined: none */
  readonly rttimeUsec?: bigint;
}

/** A world to play a contract on: the ports under test, and hands to move what they look at. What is told is done at once. */
export interface Stage extends Disposable {
  readonly processes: ProcessTable;
  readonly scheduler: Scheduler;
  /** What happens while the scheduler acts: between its look and its act, and between its act and its second look. */
  beforeAct: (() => void) | undefined;
  afterAct: (() => void) | undefined;

  /** A process with one thread, asleep. */
  spawn(beginning?: Beginning): Pid;
  addThread(pid: Pid): Tid;
  endThread(pid: Pid, tid: Tid): void;
  kill(pid: Pid): void;
  /** The main thread ends; there must be others, which go on. */
  leaveMainThread(pid: Pid): void;
  /** That thread calls execve(2), of a program that may be set-user-ID root. */
  exec(pid: Pid, tid: Tid, program: 'plain' | 'setuid-root'): void;
  /** setresuid(2); the file-system uid follows the effective one. */
  setUids(pid: Pid, real: Uid, effective: Uid, saved: Uid): void;
  /** A process of root's starts that has this id; whoever had it must have ended. */
  startStranger(id: Tid): void;
  /** A thread of that process starts that has this id. */
  startSuccessor(pid: Pid, tid: Tid): void;

  /** What a thread runs as, and what it makes itself run as. */
  runsAs(tid: Tid): Attributes | undefined;
  letRunAs(tid: Tid, attributes: Attributes): void;

  /** The process as it would appear on the bus. */
  caller(pid: Pid, uid?: Uid): Caller;
}

export const mainThread = (pid: Pid): Tid => pid as number as Tid;
