import type { Kind } from './scheduling.ts';

/**
 * Every no the broker can say. A reason added here does not compile until it has a sentence and a remedy below, and a
 * name on both bus interfaces.
 */
export type Refusal =
  | { readonly reason: 'not-authorized'; readonly action: string; readonly pid: number; readonly uid: number }
  | { readonly reason: 'authentication-required'; readonly action: string; readonly pid: number; readonly uid: number }
  | { readonly reason: 'authority-unavailable'; readonly why: string }
  | {
      readonly reason: 'not-your-process';
      readonly pid: number;
      readonly uids: readonly number[];
      readonly caller: number;
    }
  | { readonly reason: 'no-such-thread'; readonly what: string }
  | { readonly reason: 'invalid-priority'; readonly kind: Kind; readonly value: number }
  | { readonly reason: 'refused-by-rule'; readonly pid: number; readonly rule: string }
  | ({ readonly reason: 'priority-above-limit'; readonly priority: number; readonly max: number } & ByRule)
  | ({ readonly reason: 'nice-below-limit'; readonly nice: number; readonly min: number } & ByRule)
  | { readonly reason: 'rttime-unset'; readonly pid: number; readonly maxUsec: bigint }
  | ({
      readonly reason: 'rttime-above-limit';
      readonly pid: number;
      readonly usec: bigint;
      readonly maxUsec: bigint;
    } & ByRule)
  | { readonly reason: 'rttime-too-low'; readonly pid: number; readonly usec: bigint; readonly minUsec: bigint }
  | ({
      readonly reason: 'thread-limit';
      readonly kind: Kind;
      readonly of: 'user' | 'process';
      readonly max: number;
    } & ByRule)
  | ({ readonly reason: 'process-limit'; readonly max: number } & ByRule)
  | { readonly reason: 'user-limit'; readonly max: number }
  | { readonly reason: 'burst'; readonly of: 'user' | 'process'; readonly retryMsec: number }
  | { readonly reason: 'cooling-down'; readonly pid: number; readonly retryMsec: number }
  | { readonly reason: 'suspended' }
  | { readonly reason: 'root-only'; readonly member: string; readonly caller: number }
  | { readonly reason: 'invalid-configuration'; readonly problems: string }
  | { readonly reason: 'kernel-refused'; readonly call: string; readonly errno: string; readonly cause: string };

/** Where the limit is set, FILE:LINE, when it is not in the table [limits]. */
interface ByRule {
  readonly rule?: string | undefined;
}

export type Reason = Refusal['reason'];

/** A whole sentence that says what was found and what the limit is, and one that says what to do about it. */
export interface Because {
  readonly sentence: string;
  readonly remedy: string;
}

type Explanations = { readonly [R in Reason]: (refusal: Extract<Refusal, { reason: R }>) => Because };

const threadLimit = (kind: Kind, of: 'user' | 'process'): string =>
  `${kind === 'realtime' ? 'realtime' : 'high_priority'}_threads_per_${of}_max`;

/** Which line has to be changed. */
const setting = (limit: string, rule: string | undefined): string =>
  rule === undefined ? `limits.${limit}` : `${limit} of the rule at ${rule}`;

/** Rounded up: who asks again too early is refused again. */
const seconds = (msec: number): string => `${(Math.ceil(msec / 100) / 10).toFixed(1)} s`;

const explanations: Explanations = {
  'not-authorized': ({ action, pid, uid }) => ({
    sentence: `polkit does not allow ${action} to process ${pid} of uid ${uid}.`,
    remedy: `Ask from an active local session, or add a polkit rule for ${action}.`,
  }),
  'authentication-required': ({ action, pid, uid }) => ({
    sentence: `polkit wants a password before it allows ${action} to process ${pid} of uid ${uid}.`,
    remedy: `Allow interactive authorization where an agent can ask for it, ask as root, or add a polkit rule for ${action}.`,
  }),
  'authority-unavailable': ({ why }) => ({
    sentence: `polkit could not be asked: ${why}.`,
    remedy: 'Check that polkitd runs, then ask again.',
  }),
  'not-your-process': ({ pid, uids, caller }) => ({
    sentence: `Process ${pid} belongs to uid ${[...new Set(uids)].join('/')}, not to the caller's uid ${caller}.`,
    remedy: 'Ask as the user who owns the process.',
  }),
  'no-such-thread': ({ what }) => ({
    sentence: `${what}.`,
    remedy: 'Pass the kernel id of a living thread (gettid), and its own process.',
  }),
  'invalid-priority': ({ kind, value }) => ({
    sentence:
      kind === 'realtime'
        ? `${value} is no realtime priority: it must be 1 to 99.`
        : `${value} is no nice level: it must be -20 to 19.`,
    remedy: 'Ask within the range.',
  }),
  'refused-by-rule': ({ pid, rule }) => ({
    sentence: `The rule at ${rule} refuses process ${pid} everything.`,
    remedy: 'Change that rule, or say refuse = false in one after it, and reload.',
  }),
  'priority-above-limit': ({ priority, max, rule }) => ({
    sentence: `Priority ${priority} is above the limit of ${max}.`,
    remedy: `Ask for at most ${max}, or raise ${setting('realtime_priority_max', rule)}.`,
  }),
  'nice-below-limit': ({ nice, min, rule }) => ({
    sentence: `Nice level ${nice} is below the limit of ${min}.`,
    remedy: `Ask for at least ${min}, or lower ${setting('nice_level_min', rule)}.`,
  }),
  'rttime-unset': ({ pid, maxUsec }) => ({
    sentence: `Process ${pid} has no hard RLIMIT_RTTIME.`,
    remedy: `Set its hard limit to at most ${maxUsec} us with setrlimit before asking.`,
  }),
  'rttime-above-limit': ({ pid, usec, maxUsec, rule }) => ({
    sentence: `Process ${pid} has a hard RLIMIT_RTTIME of ${usec} us, above the limit of ${maxUsec} us.`,
    remedy: `Lower it to at most ${maxUsec} us with setrlimit, or raise ${setting('rttime_usec_max', rule)}.`,
  }),
  'rttime-too-low': ({ pid, usec, minUsec }) => ({
    sentence: `Process ${pid} has a hard RLIMIT_RTTIME of ${usec} us; below ${minUsec} us the kernel would kill it at once.`,
    remedy: `Set its hard limit to at least ${minUsec} us with setrlimit before asking.`,
  }),
  'thread-limit': ({ kind, of, max, rule }) => ({
    sentence: `This ${of} already has all ${max} ${kind} threads it may have.`,
    remedy: `End some, or raise ${setting(threadLimit(kind, of), rule)}.`,
  }),
  'process-limit': ({ max, rule }) => ({
    sentence: `This user already has granted threads in all ${max} processes allowed.`,
    remedy: `End some, or raise ${setting('processes_per_user_max', rule)}.`,
  }),
  'user-limit': ({ max }) => ({
    sentence: `Threads of all ${max} users allowed are granted already.`,
    remedy: 'Raise limits.users_max.',
  }),
  burst: ({ of, retryMsec }) => ({
    sentence: `This ${of} asks too often.`,
    remedy: `Ask again in ${seconds(retryMsec)}, or raise burst.${of}_requests.`,
  }),
  'cooling-down': ({ pid, retryMsec }) => ({
    sentence: `A thread of process ${pid} kept ordinary threads from running, and the process cools down.`,
    remedy: `It gets back what it had in ${seconds(retryMsec)}; ask again then, and let realtime threads sleep.`,
  }),
  suspended: () => ({
    sentence: 'Root has suspended all grants.',
    // rtkitctl does it too, from rtkit 0.14 on; but that is not there when its package made way for us.
    remedy:
      'Ask again when root has called Resume: busctl call org.freedesktop.RealtimeKit1' +
      ' /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 Resume.',
  }),
  'root-only': ({ member, caller }) => ({
    sentence: `${member} is for root, and uid ${caller} called it.`,
    remedy: 'Call it as root.',
  }),
  'invalid-configuration': ({ problems }) => ({
    sentence: `The configuration is not good, and what is in force stays: ${problems}.`,
    remedy: 'Correct it, look it over with realtime-brokerd --check-config, and reload again.',
  }),
  'kernel-refused': ({ call, errno, cause }) => ({
    sentence: `The kernel refused ${call} with ${errno}.`,
    remedy: cause,
  }),
};

export function because(refusal: Refusal): Because {
  const explain = explanations[refusal.reason] as (refusal: Refusal) => Because;
  return explain(refusal);
}
