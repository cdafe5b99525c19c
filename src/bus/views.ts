import type { GrantView, LimitsView } from '../broker.ts';
import type { Grant } from '../core/ledger.ts';
import { rttimeUsecMin } from '../core/limits.ts';
import { because, type Refusal } from '../core/refusal.ts';
import type { Attributes } from '../core/scheduling.ts';
import { type Lateness, latenessBoundsUsec, type Statistics, type Tally } from '../core/statistics.ts';
import type { Dictionary, Variant } from './wire.ts';

/** A grant as ListGrants tells it; design and XML name the same keys. */
export const describeGrant = ({ grant, actual, state, reason, cpuUsec, excess }: GrantView): Dictionary => [
  ...whatWasGiven(grant),
  ['ActualPolicy', ['s', actual.policy]],
  ['ActualPriority', ['i', levelOf(actual)]],
  ['State', ['s', state]],
  ['Reason', ['s', reason]],
  ['OverLimit', ['s', excess ?? '']],
  ['GrantedAtUSec', ['t', grant.grantedAtUsec]],
  ['CpuUSec', ['t', cpuUsec]],
];

/** A grant that is over, when there may be no thread left to look at. */
export const describePastGrant = (grant: Grant): Dictionary => [
  ...whatWasGiven(grant),
  ['GrantedAtUSec', ['t', grant.grantedAtUsec]],
];

function whatWasGiven({ thread, scheduling, comm, program }: Grant): Dictionary {
  const { uid, pid } = thread.process;
  return [
    ['Uid', ['u', uid]],
    ['Process', ['u', pid]],
    ['Thread', ['u', thread.tid]],
    ['Comm', ['s', printable(comm)]],
    ['Program', ['s', printable(program)]],
    ['Kind', ['s', scheduling.kind]],
    ['Policy', ['s', scheduling.kind === 'realtime' ? 'rr' : 'other']],
    scheduling.kind === 'realtime' ? ['Priority', ['i', scheduling.priority]] : ['Nice', ['i', scheduling.nice]],
  ];
}

/** What a caller may have and how much of it his user uses, as GetLimits tells it. */
export function describeLimits({ terms, burst, ...used }: LimitsView): Dictionary {
  const { limits, refusedBy } = terms;
  return [
    ['RefusedBy', ['s', refusedBy ?? '']],
    ['RTTimeUSecMax', ['x', limits.rttimeUsecMax]],
    ['RTTimeUSecMin', ['x', rttimeUsecMin]],
    ['MaxRealtimePriority', ['i', limits.realtimePriorityMax]],
    ['MinNiceLevel', ['i', limits.niceLevelMin]],
    ['ProcessesMax', ['u', limits.processesPerUserMax]],
    ['ProcessesUsed', ['u', used.processes]],
    ['RealtimeThreadsMax', ['u', limits.realtimeThreadsPerUserMax]],
    ['RealtimeThreadsUsed', ['u', used.realtimeThreads]],
    ['RealtimeThreadsPerProcessMax', ['u', limits.realtimeThreadsPerProcessMax]],
    ['HighPriorityThreadsMax', ['u', limits.highPriorityThreadsPerUserMax]],
    ['HighPriorityThreadsUsed', ['u', used.highPriorityThreads]],
    ['HighPriorityThreadsPerProcessMax', ['u', limits.highPriorityThreadsPerProcessMax]],
    ['BurstRequests', ['u', burst.userRequests]],
    ['BurstRequestsLeft', ['u', used.requestsLeft]],
    ['BurstRefillPerSec', ['d', burst.userRefillPerSec]],
    ['BurstRequestsPerProcess', ['u', burst.processRequests]],
    ['BurstRefillPerSecPerProcess', ['d', burst.processRefillPerSec]],
  ];
}

/** What has happened since the start, as GetStatistics tells it. */
export function describeStatistics(statistics: Statistics, lateness: Lateness): Dictionary {
  const { grants, refusals, removals, demotions, drifts, restorations, starvations, sinceUsec } = statistics;
  return [
    ['SinceUSec', ['t', sinceUsec]],
    ['Grants', countsOf(grants)],
    ['Refusals', countsOf(refusals)],
    ['Removals', countsOf(removals)],
    ['Demotions', countsOf(demotions)],
    ['Restorations', ['t', BigInt(restorations)]],
    ['Drifts', countsOf(drifts)],
    ['Starvations', ['t', BigInt(starvations)]],
    ['CanaryLatenessBoundsUSec', ['at', latenessBoundsUsec.map(BigInt)]],
    ['CanaryLateness', ['at', lateness.classes]],
    ['CanaryLatenessSumUSec', ['t', lateness.sumUsec]],
  ];
}

const countsOf = ({ counts }: Tally): Variant => ['a{st}', counts.map(([word, count]) => [word, BigInt(count)])];

/** What Explain says: granted or not, the refusal's word, and in sentences what was found and what to do. */
export function describeRefusal(refusal: Refusal | undefined): readonly [boolean, string, string] {
  if (refusal === undefined) return [true, '', ''];
  const { sentence, remedy } = because(refusal);
  return [false, refusal.reason, `${sentence} ${remedy}`];
}

/** A thread's priority under a realtime policy; its nice level under the others, where priorities have no meaning. */
const levelOf = ({ policy, priority, nice }: Attributes): number =>
  policy === 'fifo' || policy === 'rr' ? priority : nice;

/**
 * A thread names itself, with any bytes but NUL (prctl(2), PR_SET_NAME), and a path is no better. On a bus NUL and broken
 * UTF-8 are forbidden, and on somebody's terminal control characters do mischief.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const printable = (name: string): string => name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cs}/gu, '\ufffd');
