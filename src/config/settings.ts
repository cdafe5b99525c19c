import type { CanaryRule } from '../core/canary.ts';
import type { BurstLimits, Limits } from '../core/limits.ts';
import { check } from './check.ts';
import { ConfigError, type Problem } from './error.ts';
import type { Value } from './fit.ts';
import { allKeys, type Key, keys, notAbove, type ValueOf } from './keys.ts';
import { Source } from './source.ts';
import { warningsAbout } from './warnings.ts';

/** Everything that can be configured, checked as a whole. */
export interface Settings {
  /** Whether the broker makes itself realtime. */
  readonly realtime: boolean;
  readonly limits: Limits;
  readonly burst: BurstLimits;
  readonly canary: CanaryRule;
  readonly rttimePolicy: 'require';
  readonly polkitTimeoutMsec: number;
  readonly polkitRememberMsec: number;
  /** Whether org.freedesktop.RealtimeKit1 is served, too. */
  readonly realtimekit1: boolean;
  readonly logLevel: ValueOf<'log.level'>;
  /** Where each value came from: FILE:LINE or 'default'. */
  readonly origins: Readonly<Record<Key, string>>;
  /** What is allowed and yet will not do what it seems to; a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * @param text TOML 1.0, at most `sizeMax` long
 * @param file its name, for problems and origins
 * @throws ConfigError with all that is wrong
 */
export function parseConfig(text: string, file: string): Settings {
  const source = new Source(text, file);
  const found = new Map<Key, Value>();
  const problems: Problem[] = [];
  check(source, found, problems);

  const origins = Object.fromEntries(
    allKeys.map((key) => [key, found.has(key) ? source.origin(key.split('.')) : 'default']),
  ) as Record<Key, string>;
  keepProcessBelowUser(source, found, origins, problems);
  keepWatchdogAbove(source, found, problems);
  if (problems.length > 0) throw new ConfigError(problems.sort(byPosition));

  const setting = <K extends Key>(key: K) => (found.get(key) ?? keys[key].default) as ValueOf<K>;
  return { ...settingsFrom(setting), origins, warnings: warningsAbout(setting) };
}

/**
 * Who lowers what a user may have need not know of the other setting: the limit of a process falls with it. Who sets
 * that of the process above the user's has a wrong idea of one of them, and is told so.
 */
function keepProcessBelowUser(
  source: Source,
  found: Map<Key, Value>,
  origins: Record<Key, string>,
  problems: Problem[],
): void {
  for (const [ofProcess, ofUser] of notAbove) {
    if (source.has(ofUser.split('.')) && !found.has(ofUser)) continue; // It was refused: what it would be is unknown.
    const userMax = (found.get(ofUser) ?? keys[ofUser].default) as number;
    const processMax = (found.get(ofProcess) ?? keys[ofProcess].default) as number;
    if (processMax <= userMax) continue;

    if (found.has(ofProcess)) {
      const text = `${ofProcess} is ${processMax}, above ${ofUser}, which is ${userMax} (${origins[ofUser]}); lower it, or raise that`;
      problems.push(source.problem(ofProcess.split('.'), text));
      continue;
    }
    found.set(ofProcess, userMax);
    origins[ofProcess] = origins[ofUser];
  }
}

/** A watchdog at or below a hog's priority waits for it like everybody else. */
function keepWatchdogAbove(source: Source, found: ReadonlyMap<Key, Value>, problems: Problem[]): void {
  const [watchdog, granted] = ['canary.watchdog_priority', 'limits.realtime_priority_max'] as const;
  const priority = Number(found.get(watchdog) ?? keys[watchdog].default);
  const max = Number(found.get(granted) ?? keys[granted].default);
  if (priority > max) return;
  const at = found.has(watchdog) ? watchdog : granted;
  problems.push(
    source.problem(at.split('.'), `${watchdog} is ${priority} and must be above ${granted}, which is ${max}`),
  );
}

const byPosition = (a: Problem, b: Problem): number =>
  (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0);

const settingsFrom = (setting: <K extends Key>(key: K) => ValueOf<K>): Omit<Settings, 'origins' | 'warnings'> => ({
  realtime: setting('daemon.realtime'),
  limits: {
    realtimePriorityMax: setting('limits.realtime_priority_max'),
    niceLevelMin: setting('limits.nice_level_min'),
    rttimeUsecMax: BigInt(setting('limits.rttime_usec_max')),
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
  rttimePolicy: setting('rttime.policy'),
  polkitTimeoutMsec: setting('polkit.timeout_msec'),
  polkitRememberMsec: setting('polkit.remember_msec'),
  realtimekit1: setting('bus.realtimekit1'),
  logLevel: setting('log.level'),
});
