import type { Standing } from './ledger.ts';
import { rttimeUsecMin } from './limits.ts';
import type { Reason, Refusal } from './refusal.ts';
import type { Terms } from './rules.ts';
import { givesBack, type Kind, type Scheduling } from './scheduling.ts';
import type { Thread } from './thread.ts';

/** The hard RLIMIT_RTTIME of a process in µs; 'unread' until just before the act, because clients set it late. */
export type Rttime = bigint | 'unlimited' | 'unread';

export interface Request {
  readonly thread: Thread;
  readonly scheduling: Scheduling;
  readonly rttime: Rttime;
}

/** What the user and the process have already, and whether they must wait. */
export interface Situation extends Standing {
  /** How long the process still cools down after it starved the machine; 0: it need not. */
  readonly coolingMsec: number;
  /** Root has suspended all grants. */
  readonly suspended: boolean;
}

/** What stands against a request, if anything does. Asked before polkit, again after it, and by every dry run. */
export function judge(request: Request, situation: Situation, terms: Terms): Refusal | undefined {
  const { scheduling } = request;
  const refusal = outOfRange(scheduling);
  // Whatever the rules say, what was granted may be given back.
  if (refusal !== undefined || givesBack(scheduling)) return refusal;
  return (
    refusedByRule(request, terms) ??
    beyondLevel(scheduling, terms) ??
    rttimeUnfit(request, terms) ??
    suspended(situation) ??
    cooling(request, situation) ??
    noPlaceLeft(scheduling.kind, situation, terms)
  );
}

/**
 * What would stand against a grant if it were asked for now: a limit lowered since takes nothing away, but is to be seen.
 * @param standing as the ledger has it, this grant included
 */
export function excessOf(request: Request, standing: Standing, terms: Terms): Reason | undefined {
  const without = {
    hasPlace: false,
    userThreads: standing.userThreads - 1,
    processThreads: standing.processThreads - 1,
    processes: standing.processes - 1,
    knownProcess: false,
    users: standing.users - 1,
    knownUser: false,
  };
  return judge({ ...request, rttime: 'unread' }, { ...without, coolingMsec: 0, suspended: false }, terms)?.reason;
}

function refusedByRule({ thread }: Request, { refusedBy }: Terms): Refusal | undefined {
  return refusedBy === undefined ? undefined : { reason: 'refused-by-rule', pid: thread.process.pid, rule: refusedBy };
}

const suspended = (situation: Situation): Refusal | undefined =>
  situation.suspended ? { reason: 'suspended' } : undefined;

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

function beyondLevel(scheduling: Scheduling, { limits, rules }: Terms): Refusal | undefined {
  if (scheduling.kind === 'realtime') {
    const { priority } = scheduling;
    const max = limits.realtimePriorityMax;
    return priority > max
      ? { reason: 'priority-above-limit', priority, max, rule: rules.realtimePriorityMax }
      : undefined;
  }
  const { nice } = scheduling;
  const min = limits.niceLevelMin;
  return nice < min ? { reason: 'nice-below-limit', nice, min, rule: rules.niceLevelMin } : undefined;
}

function rttimeUnfit({ thread, scheduling, rttime }: Request, { limits, rules }: Terms): Refusal | undefined {
  if (scheduling.kind !== 'realtime' || rttime === 'unread') return undefined;
  const { pid } = thread.process;
  const maxUsec = limits.rttimeUsecMax;
  if (rttime === 'unlimited')
    return limits.rttimePolicy === 'clamp' ? undefined : { reason: 'rttime-unset', pid, maxUsec };
  if (rttime > maxUsec) return { reason: 'rttime-above-limit', pid, usec: rttime, maxUsec, rule: rules.rttimeUsecMax };
  if (rttime < rttimeUsecMin) return { reason: 'rttime-too-low', pid, usec: rttime, minUsec: rttimeUsecMin };
  return undefined;
}

function noPlaceLeft(kind: Kind, standing: Standing, { limits, rules }: Terms): Refusal | undefined {
  if (standing.hasPlace) return undefined;

  const { ofUser, ofProcess } = threadLimits[kind];
  if (standing.userThreads >= limits[ofUser])
    return { reason: 'thread-limit', kind, of: 'user', max: limits[ofUser], rule: rules[ofUser] };
  if (standing.processThreads >= limits[ofProcess])
    return { reason: 'thread-limit', kind, of: 'process', max: limits[ofProcess], rule: rules[ofProcess] };
  const { processesPerUserMax, usersMax } = limits;
  if (!standing.knownProcess && standing.processes >= processesPerUserMax)
    return { reason: 'process-limit', max: processesPerUserMax, rule: rules.processesPerUserMax };
  if (!standing.knownUser && standing.users >= usersMax) return { reason: 'user-limit', max: usersMax };
  return undefined;
}

const threadLimits = {
  realtime: { ofUser: 'realtimeThreadsPerUserMax', ofProcess: 'realtimeThreadsPerProcessMax' },
  'high-priority': { ofUser: 'highPriorityThreadsPerUserMax', ofProcess: 'highPriorityThreadsPerProcessMax' },
} as const satisfies Record<Kind, unknown>;
