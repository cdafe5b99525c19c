import type { CanaryRule } from '../core/canary.ts';
import type { BurstLimits, Limits } from '../core/limits.ts';
import type { Rule } from '../core/rules.ts';
import { check } from './check.ts';
import { keepCanaryInOrder, keepProcessBelowUser, keepWatchdogAbove } from './consistency.ts';
import { ConfigError, type Origin, type Problem } from './error.ts';
import type { Value } from './fit.ts';
import { Found } from './found.ts';
import { allKeys, type Key, type ValueOf } from './keys.ts';
import { Names } from './names.ts';
import { type RuleTable, readRules } from './rule-table.ts';
import { keepFromRaising, rulesFrom } from './rules.ts';
import { Source } from './source.ts';
import { warningsAbout } from './warnings.ts';

/** Everything that can be configured, checked as a whole. */
export interface Settings {
  /** Whether the broker makes itself realtime. */
  readonly realtime: boolean;
  readonly limits: Limits;
  readonly rules: readonly Rule[];
  readonly burst: BurstLimits;
  readonly canary: CanaryRule;
  readonly polkitTimeoutMsec: number;
  readonly polkitRememberMsec: number;
  readonly reassertDrifted: boolean;
  /** Whether org.freedesktop.RealtimeKit1 is served, too. */
  readonly realtimekit1: boolean;
  readonly logLevel: ValueOf<'log.level'>;
  /** The same by the names that the files have for them, with where each is written: every key, then every rule. */
  readonly rows: readonly Row[];
  /** The files that were read, in their order. */
  readonly files: readonly string[];
  /** What is allowed and yet will not do what it seems to; a sentence each. */
  readonly warnings: readonly string[];
}

/** One value in force. */
export interface Row {
  /** "limits.users_max"; "rule.1.user" of the first rule. */
  readonly key: string;
  readonly value: Value;
  /** Undefined: it is the default, which is written nowhere. */
  readonly origin: Origin | undefined;
}

export interface Surroundings {
  readonly names?: Names;
  /** Priority of the watchdog that runs already, if one does. */
  readonly watchdogRunsAt?: number | undefined;
  /** There are more files, which cannot be read: what all of them together would be is unknown. */
  readonly incomplete?: boolean;
}

/**
 * What the sources come to: of keys that several set, the last one counts; rules follow each other.
 * @throws ConfigError with all that is wrong
 */
export function settle(
  sources: readonly Source[],
  { names = new Names(), watchdogRunsAt, incomplete = false }: Surroundings = {},
): Settings {
  const found = new Found();
  const rules: RuleTable[] = [];
  const problems: Problem[] = [];
  const warnings: string[] = [];
  for (const source of sources) {
    check(source, found, problems);
    readRules(source, names, rules, problems, warnings);
  }
  if (!incomplete) {
    keepProcessBelowUser(found, rules, problems);
    keepWatchdogAbove(found, rules, watchdogRunsAt, problems);
    keepCanaryInOrder(found, problems);
    keepFromRaising(rules, found, problems);
  }

  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...settingsFrom((key) => found.value(key)),
    rules: rulesFrom(rules),
    rows: [
      ...allKeys.map((key) => ({ key, value: found.value(key), origin: found.origin(key) })),
      ...rules.flatMap(rowsOf),
    ],
    files: sources.map(({ file }) => file),
    warnings: [...warnings, ...warningsAbout(found, rules)],
  };
}

/**
 * A single text.
 * @param text TOML 1.0, at most `sizeMax` long
 * @param file its name, for problems and origins
 * @throws ConfigError with all that is wrong
 */
export const parseConfig = (text: string, file: string, surroundings?: Surroundings): Settings =>
  settle([new Source(text, file)], surroundings);

function rowsOf({ source, path, conditions, limits, refuse }: RuleTable, index: number): readonly Row[] {
  const values: readonly (readonly [name: string, value: Value])[] = [
    ...[...conditions].map(([name, { written }]) => [name, written] as const),
    ...limits,
    ...(refuse === undefined ? [] : [['refuse', refuse] as const]),
  ];
  return values.map(([name, value]) => ({
    key: `rule.${index + 1}.${name}`,
    value,
    origin: source.origin([...path, name]),
  }));
}

type Shaped = Omit<Settings, 'rules' | 'rows' | 'files' | 'warnings'>;

const settingsFrom = (setting: <K extends Key>(key: K) => ValueOf<K>): Shaped => ({
  realtime: setting('daemon.realtime'),
  limits: {
    realtimePriorityMax: setting('limits.realtime_priority_max'),
    niceLevelMin: setting('limits.nice_level_min'),
    rttimeUsecMax: BigInt(setting('limits.rttime_usec_max')),
    rttimePolicy: setting('rttime.policy'),
    processesPerUserMax: setting('limits.processes_per_user_max'),
    realtimeThreadsPerUserMax: setting('limits.realtime_threads_per_user_max'),
    highPriorityThreadsPerUserMax: setting('limits.high_priority_threads_per_user_max'),
    realtimeThreadsPerProcessMax: setting('limits.realtime_threads_per_process_max'),
    highPriorityThreadsPerProcessMax: setting('limits.high_priority_threads_per_process_max'),
    usersMax: setting('limits.users_max'),
  },
  burst: {
    processRequests: setting('burst.process_requests'),
    processRefillPerSec: setting('burst.process_refill_per_sec'),
    userRequests: setting('burst.user_requests'),
    userRefillPerSec: setting('burst.user_refill_per_sec'),
  },
  canary: {
    watchdogPriority: setting('canary.watchdog_priority'),
    patienceMsec: setting('canary.patience_msec'),
    sluggishMsec: setting('canary.sluggish_msec'),
    sluggishWindowMsec: setting('canary.sluggish_window_msec'),
    graceMsec: setting('canary.grace_msec'),
    blameShare: setting('canary.blame_share'),
    niceWindowMsec: setting('canary.nice_window_msec'),
    demoteUnknown: setting('canary.demote_unknown'),
    cooldownSec: setting('canary.cooldown_sec'),
  },
  polkitTimeoutMsec: setting('polkit.timeout_msec'),
  polkitRememberMsec: setting('polkit.remember_msec'),
  reassertDrifted: setting('drift.reassert'),
  realtimekit1: setting('bus.realtimekit1'),
  logLevel: setting('log.level'),
});
