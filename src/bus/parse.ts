import type { Scheduling } from '../core/scheduling.ts';
import type { Face, Wanted } from '../ports.ts';

/** rtkit-daemon takes (pid_t) −1 for "my own process", and its clients may rely on it; on our own face it is no process. */
const rtkitsOwnProcess = 0xffff_ffff_ffff_ffffn;

/** What a method's arguments mean. Nothing is judged here: any number may come. */
export const parseWanted = (
  face: Face,
  process: bigint | undefined,
  thread: bigint,
  scheduling: Scheduling,
): Wanted => ({
  face,
  process: face === 'realtimekit1' && process === rtkitsOwnProcess ? undefined : process,
  thread,
  scheduling,
});

export const realtime = (priority: number): Scheduling => ({ kind: 'realtime', priority });
export const highPriority = (nice: number): Scheduling => ({ kind: 'high-priority', nice });
