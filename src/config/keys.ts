import { defaultCanary } from '../core/canary.ts';
import { defaultBurst, defaultLimits, rttimeUsecMin } from '../core/limits.ts';
import type { RuleLimits } from '../core/rules.ts';

/** Whole numbers from min to max. */
export interface IntegerKey {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  readonly default: number;
  /** What is counted, for "must be 1 to 98 UNIT"; '' when the numbers speak for themselves. */
  readonly unit: string;
  readonly doc: string;
}

/** A part of a whole, from min to max. */
export interface ShareKey {
  readonly kind: 'float';
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly doc: string;
}

export interface BooleanKey {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly doc: string;
}

/** One word of several. */
export interface WordKey<Word extends string> {
  readonly kind: 'word';
  readonly words: readonly Word[];
  readonly default: Word;
  readonly doc: string;
}

export type KeyRow = IntegerKey | ShareKey | BooleanKey | WordKey<string>;

const integer = (row: Omit<IntegerKey, 'kind'>): IntegerKey => ({ kind: 'integer', ...row });
const share = (row: Omit<ShareKey, 'kind'>): ShareKey => ({ kind: 'float', ...row });
const boolean = (row: Omit<BooleanKey, 'kind'>): BooleanKey => ({ kind: 'boolean', ...row });
const word = <const Word extends string>(row: Omit<WordKey<Word>, 'kind'>): WordKey<Word> => ({ kind: 'word', ...row });

/** What the tables of the file are for. */
export const tables = {
  daemon: 'The broker itself.',
  limits: 'What one user, or one process, may have.',
  burst: 'How often one may ask: so many requests at once, and so many a second in the long run.',
  rttime:
    'RLIMIT_RTTIME, the CPU time after which the kernel ends a realtime process that does not pause (setrlimit(2)).',
  polkit: 'The authority that is asked before anything is granted.',
  canary: 'The watchdog, which demotes realtime threads that keep ordinary ones from running.',
  drift: 'Granted threads that somebody else makes run otherwise, as ananicy, chrt and their like do.',
  bus: 'The names served on the system bus.',
  log: 'The journal.',
} as const;

/** Every setting there is: the parser, the commented default file, and whatever prints settings go by this table. */
export const keys = {
  'daemon.realtime': boolean({
    default: true,
    doc: 'Run the broker at SCHED_RR priority 1, so that it answers in time while all CPUs are busy; otherwise as it was started.',
  }),

  'limits.realtime_priority_max': integer({
    min: 1,
    max: 98,
    default: defaultLimits.realtimePriorityMax,
    unit: '',
    doc: 'Highest SCHED_RR priority granted.',
  }),
  'limits.nice_level_min': integer({
    min: -20,
    max: -1,
    default: defaultLimits.niceLevelMin,
    unit: '',
    doc: 'Lowest nice level granted.',
  }),
  'limits.rttime_usec_max': integer({
    min: Number(rttimeUsecMin),
    max: 60_000_000,
    default: Number(defaultLimits.rttimeUsecMax),
    unit: 'us',
    doc: 'Highest hard RLIMIT_RTTIME a process may have to be granted realtime.',
  }),
  'limits.processes_per_user_max': integer({
    min: 1,
    max: 65_536,
    default: defaultLimits.processesPerUserMax,
    unit: 'processes',
    doc: 'In how many processes a user may have granted threads.',
  }),
  'limits.realtime_threads_per_user_max': integer({
    min: 0,
    max: 65_536,
    default: defaultLimits.realtimeThreadsPerUserMax,
    unit: 'threads',
    doc: 'How many realtime threads a user may have; 0 for none.',
  }),
  'limits.high_priority_threads_per_user_max': integer({
    min: 0,
    max: 65_536,
    default: defaultLimits.highPriorityThreadsPerUserMax,
    unit: 'threads',
    doc: 'How many high-priority (nice) threads a user may have; 0 for none.',
  }),
  'limits.realtime_threads_per_process_max': integer({
    min: 0,
    max: 65_536,
    default: defaultLimits.realtimeThreadsPerProcessMax,
    unit: 'threads',
    doc: "How many realtime threads a process may have: not above the user's, with which it falls unless set.",
  }),
  'limits.high_priority_threads_per_process_max': integer({
    min: 0,
    max: 65_536,
    default: defaultLimits.highPriorityThreadsPerProcessMax,
    unit: 'threads',
    doc: "How many high-priority (nice) threads a process may have: not above the user's, with which it falls unless set.",
  }),
  'limits.users_max': integer({
    min: 1,
    max: 65_536,
    default: defaultLimits.usersMax,
    unit: 'users',
    doc: 'How many users may have granted threads at the same time.',
  }),

  'burst.process_requests': integer({
    min: 1,
    max: 10_000,
    default: defaultBurst.processRequests,
    unit: 'requests',
    doc: 'How many requests a process may make at once.',
  }),
  'burst.process_refill_per_sec': integer({
    min: 1,
    max: 10_000,
    default: defaultBurst.processRefillPerSec,
    unit: 'requests',
    doc: 'How many requests a process gets back each second.',
  }),
  'burst.user_requests': integer({
    min: 1,
    max: 10_000,
    default: defaultBurst.userRequests,
    unit: 'requests',
    doc: 'How many requests all processes of a user may make at once.',
  }),
  'burst.user_refill_per_sec': integer({
    min: 1,
    max: 10_000,
    default: defaultBurst.userRefillPerSec,
    unit: 'requests',
    doc: 'How many requests a user gets back each second.',
  }),

  'rttime.policy': word({
    words: ['require', 'clamp'],
    default: 'require',
    doc: 'Who has no hard limit is refused ("require"), or given the highest, soft and hard ("clamp": needs CAP_SYS_RESOURCE).',
  }),

  // Callers wait 25 s for a reply, libdbus's default: whoever waits longer for polkit answers nobody.
  'polkit.timeout_msec': integer({
    min: 100,
    // A caller waits for 25 s, for all of its answer.
    max: 20_000,
    default: 5000,
    unit: 'ms',
    doc: 'How long polkit may take to answer.',
  }),
  'polkit.remember_msec': integer({
    min: 0,
    max: 60_000,
    default: 2000,
    unit: 'ms',
    doc: "How long polkit's yes to a process holds for its next request, unless polkit says that something changed; 0: never.",
  }),

  'canary.watchdog_priority': integer({
    min: 2,
    max: 99,
    default: defaultCanary.watchdogPriority,
    unit: '',
    doc: "SCHED_RR priority of the watchdog: above limits.realtime_priority_max, and best above everybody's.",
  }),
  'canary.patience_msec': integer({
    min: 50,
    max: 60_000,
    default: defaultCanary.patienceMsec,
    unit: 'ms',
    doc: 'How late an ordinary thread may be before somebody is demoted.',
  }),
  'canary.sluggish_msec': integer({
    min: 5,
    max: 60_000,
    default: defaultCanary.sluggishMsec,
    unit: 'ms',
    doc: 'How late ordinary threads may be on average over sluggish_window_msec.',
  }),
  'canary.sluggish_window_msec': integer({
    min: 200,
    max: 600_000,
    default: defaultCanary.sluggishWindowMsec,
    unit: 'ms',
    doc: 'Over what time sluggishness is judged.',
  }),
  'canary.grace_msec': integer({
    min: 0,
    max: 60_000,
    default: defaultCanary.graceMsec,
    unit: 'ms',
    doc: 'How long the others have, after a demotion, before the next one.',
  }),
  'canary.blame_share': share({
    min: 0.1,
    max: 1,
    default: defaultCanary.blameShare,
    doc: 'Granted threads are to blame when they took this share of the CPU.',
  }),
  'canary.nice_window_msec': integer({
    min: 200,
    max: 600_000,
    default: defaultCanary.niceWindowMsec,
    unit: 'ms',
    doc: 'How long high-priority threads may keep ordinary ones waiting.',
  }),
  'canary.demote_unknown': boolean({
    default: defaultCanary.demoteUnknown,
    doc: 'Demote realtime threads that nobody granted, too, when they starve a CPU.',
  }),
  'canary.cooldown_sec': integer({
    min: 1,
    max: 600,
    default: defaultCanary.cooldownSec,
    unit: 's',
    doc: 'How long an offender goes without its grants the first time; each repeat doubles it, up to ten minutes.',
  }),

  'drift.reassert': boolean({
    default: false,
    doc: 'Put such a thread back, once a minute at most. Its owner may always lower it.',
  }),

  'bus.realtimekit1': boolean({
    default: true,
    doc: "Serve org.freedesktop.RealtimeKit1, rtkit's name, too.",
  }),

  'log.level': word({
    words: ['debug', 'info', 'warning', 'error'],
    default: 'info',
    doc: 'The least important messages to log.',
  }),
} as const satisfies Readonly<Record<`${keyof typeof tables}.${string}`, KeyRow>>;

export type Key = keyof typeof keys;

export type ValueOf<K extends Key> = (typeof keys)[K] extends IntegerKey | ShareKey
  ? number
  : (typeof keys)[K] extends BooleanKey
    ? boolean
    : (typeof keys)[K] extends WordKey<infer Word>
      ? Word
      : never;

export const isKey = (name: string): name is Key => Object.hasOwn(keys, name);

export const allKeys = Object.keys(keys) as readonly Key[];

/** The watchdog is made once; and names are asked for when the daemon starts. A reload keeps these as they are. */
export const untilRestart: readonly Key[] = allKeys.filter(
  (key) => /^(?:canary|bus|daemon)\./.test(key) && key !== 'canary.cooldown_sec',
);

/** A process cannot have more than its user: the one must not be set above the other. */
export const notAbove = [
  ['realtime_threads_per_process_max', 'realtime_threads_per_user_max'],
  ['high_priority_threads_per_process_max', 'high_priority_threads_per_user_max'],
] as const satisfies readonly (readonly [RuleLimitKey, RuleLimitKey])[];

/** What a [[rule]] may set: the limits, but for users_max, which is nobody's own. By the names they have in the code. */
export const ruleLimits = {
  realtime_priority_max: 'realtimePriorityMax',
  nice_level_min: 'niceLevelMin',
  rttime_usec_max: 'rttimeUsecMax',
  processes_per_user_max: 'processesPerUserMax',
  realtime_threads_per_user_max: 'realtimeThreadsPerUserMax',
  high_priority_threads_per_user_max: 'highPriorityThreadsPerUserMax',
  realtime_threads_per_process_max: 'realtimeThreadsPerProcessMax',
  high_priority_threads_per_process_max: 'highPriorityThreadsPerProcessMax',
} as const satisfies Record<string, keyof RuleLimits>;

export type RuleLimitKey = keyof typeof ruleLimits;

export const isRuleLimit = (name: string): name is RuleLimitKey => Object.hasOwn(ruleLimits, name);

/** Whom a [[rule]] may be for, with what is written there. */
export const ruleConditions = {
  user: 'his name in /etc/passwd, or his uid',
  group: 'its name in /etc/group, or its gid',
  executable: "the absolute path of the process's program",
  unit: 'a unit of the system\'s manager, as in "mpd.service"',
  slice: 'a slice of the system\'s manager, as in "user-1000.slice"',
  user_unit: 'a unit or slice of the user\'s own manager, as in "pipewire.service"',
} as const;

export type RuleCondition = keyof typeof ruleConditions;

export const ruleKeys = [...Object.keys(ruleConditions), ...Object.keys(ruleLimits), 'refuse'] as readonly string[];
