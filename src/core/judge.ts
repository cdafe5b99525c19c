import type { Standing } from './ledger.ts';
import { type Limits, rttimeUsecMin } from './limits.ts';
import type { Refusal } from './refusal.ts';
import { givesBack, type Kind, type Scheduling } from './scheduling.ts';
import type { Thread } from './thread.ts';

/** The hard RLIMIT_RTTIME of a process in µs; 'unread' until just before the act, because clients set it late. */
export type Rttime = bigint | 'unlimited' | 'unread';

export interface Request {
  readonly thread: Thread;
  readonly scheduling: Scheduling;
  readonly rttime: Rttime;
}

/** What the user and the process have already, and whether the process must wait. */
export interface Situation extends Standing {
  /** How long the process still cools down after it starved the machine; 0: it need not. */
  readonly coolingMsec: number;
}

/** What stands against a request, if anything does. Asked before polkit, again after it, and by every dry run. */
export function judge(request: Request, situation: Situation, limits: Limits): Refusal | undefined {
  const { scheduling } = request;
  return (
    outOfRange(scheduling) ??
    beyondLevel(scheduling, limits) ??
    rttimeUnfit(request, limits) ??
    (givesBack(scheduling)
      ? undefined
      : (cooling(request, situation) ?? noPlaceLeft(scheduling.kind, situation, limits)))
  );
}

function cooling({ thread }: Request, { coolingMsec }: Situation): Refusal | undefined {
  return coolingMsec > 0 ? { reason: 'cooling-down', pid: thread.process.pid, retryMsec: coolingMsec } : undefined;
}

function outOfRange(scheduling: Scheduling): Refusal | undefined {
  if (scheduling.kind === 'realtime') {
    const { kind, priority } = scheduling;
    return priority < 1 || priority > 99 ? { reason: 'invalid-priority', kind, value: priority } : undefined;
  }
  const { kind, nice } = scheduling;
  return nice < -20 || nice > 19 ? { reason: 'invalid-priority', kind, value: nice } : undefined;
}

function beyondLevel(scheduling: Scheduling, limits: Limits): Refusal | undefined {
  if (scheduling.kind === 'realtime') {
    const { priority } = scheduling;
    const max = limits.realtimePriorityMax;
    return priority > max ? { reason: 'priority-above-limit', priority, max } : undefined;
  }
  const { nice } = scheduling;
  const min = limits.niceLevelMin;
  return nice < min ? { reason: 'nice-below-limit', nice, min } : undefined;
}

function rttimeUnfit({ thread, scheduling, rttime }: Request, limits: Limits): Refusal | undefined {
  if (scheduling.kind !== 'realtime' || rttime === 'unread') return undefined;
  const { pid } = thread.process;
  const maxUsec = limits.rttimeUsecMax;
  if (rttime === 'unlimited') return { reason: 'rttime-unset', pid, maxUsec };
  if (rttime > maxUsec) return { reason: 'rttime-above-limit', pid, usec: rttime, maxUsec };
  if (rttime < rttimeUsecMin) return { reason: 'rttime-too-low', pid, usec: rttime, minUsec: rttimeUsecMin };
  return undefined;
}

function noPlaceLeft(kind: Kind, standing: Standing, limits: Limits): Refusal | undefined {
  if (standing.hasPlace) return undefined;

  const realtime = kind === 'realtime';
  const userMax = realtime ? limits.realtimeThreadsPerUserMax : limits.highPriorityThreadsPerUserMax;
  if (standing.userThreads >= userMax) return { reason: 'thread-limit', kind, of: 'user', max: userMax };
  const processMax = realtime ? limits.realtimeThreadsPerProcessMax : limits.highPriorityThreadsPerProcessMax;
  if (standing.processThreads >= processMax) return { reason: 'thread-limit', kind, of: 'process', max: processMax };
  if (!standing.knownProcess && standing.processes >= limits.processesPerUserMax)
    return { reason: 'process-limit', max: limits.processesPerUserMax };
  if (!standing.knownUser && standing.users >= limits.usersMax) return { reason: 'user-limit', max: limits.usersMax };
  return undefined;
}
