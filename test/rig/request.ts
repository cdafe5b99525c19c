import type { Argument, Caller, Face, Reply } from './caller.ts';

/** A call for one thread, as it can be made on either face. */
export interface Request {
  readonly by: Caller;
  readonly member: string;
  readonly signature: string;
  readonly args: readonly Argument[];
}

/** A thread's id; 0 is the main thread. A bigint reaches beyond what any thread can have. */
type Id = number | bigint;

/** Of the caller's own process, unless another is named. */
export const realtime = (by: Caller, thread: Id, priority: number, process?: Id): Request => ({
  by,
  ...(process === undefined
    ? { member: 'MakeThreadRealtime', signature: 'tu', args: [thread, priority] }
    : { member: 'MakeThreadRealtimeWithPID', signature: 'ttu', args: [process, thread, priority] }),
});

export const highPriority = (by: Caller, thread: Id, nice: number, process?: Id): Request => ({
  by,
  ...(process === undefined
    ? { member: 'MakeThreadHighPriority', signature: 'ti', args: [thread, nice] }
    : { member: 'MakeThreadHighPriorityWithPID', signature: 'tti', args: [process, thread, nice] }),
});

export const ask = (face: Face, { by, member, signature, args }: Request): Promise<Reply> =>
  by.call(face, member, signature, ...args);
