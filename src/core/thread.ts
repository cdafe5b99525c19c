declare const brand: unique symbol;
type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };

export type Uid = Branded<number, 'uid'>;
export type Gid = Branded<number, 'gid'>;
export type Pid = Branded<number, 'pid'>;
export type Tid = Branded<number, 'tid'>;
/** Clock ticks between boot and birth: field 22 of /proc/PID/stat, proc(5). */
export type StartTime = Branded<bigint, 'starttime'>;

/** A pid can be reused; a pid with its start time cannot. */
export interface Process {
  readonly pid: Pid;
  readonly starttime: StartTime;
  readonly uid: Uid;
}

export interface Thread {
  readonly tid: Tid;
  readonly starttime: StartTime;
  readonly process: Process;
}

/** One string per thread that ever lived in this boot. */
export const keyOf = (thread: Thread): string => `${thread.tid}:${thread.starttime}`;

/** The same per process. */
export const keyOfProcess = ({ pid, starttime }: Process): string => `${pid}:${starttime}`;

/** And whose it is: a process can change its uid. */
export const identityOf = (process: Process): string => `${keyOfProcess(process)}:${process.uid}`;

export const isLeader = (thread: Thread): boolean => (thread.tid as number) === thread.process.pid;

export const leaderOf = (process: Process): Thread => ({
  tid: process.pid as number as Tid,
  starttime: process.starttime,
  process,
});
