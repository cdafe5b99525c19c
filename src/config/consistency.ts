import type { Problem } from './error.ts';
import type { Found } from './found.ts';
import { notAbove, type RuleLimitKey } from './keys.ts';
import type { RuleTable } from './rule-table.ts';

const limit = <K extends RuleLimitKey>(name: K) => `limits.${name}` as const;

/**
 * Who lowers what a user may have need not know of the other setting: the limit of a process falls with it. Who sets that
 * of the process above the user's has a wrong idea of one of them, and is told so.
 */
export function keepProcessBelowUser(found: Found, rules: readonly RuleTable[], problems: Problem[]): void {
  for (const [ofProcess, ofUser] of notAbove) {
    if (found.isRefused(limit(ofUser))) continue; // What it would be is unknown.
    const userMax = found.value(limit(ofUser));
    const processMax = found.value(limit(ofProcess));
    if (processMax > userMax) {
      const text = `${limit(ofProcess)} is ${processMax}, above ${found.describe(limit(ofUser))}; lower it, or raise that`;
      if (found.has(limit(ofProcess))) problems.push(found.problem(limit(ofProcess), text));
      else found.follow(limit(ofProcess), limit(ofUser));
    }

    const most = Math.max(userMax, ...rules.map(({ limits }) => limits.get(ofUser) ?? 0));
    for (const { limits, source, path } of rules) {
      const max = limits.get(ofProcess) ?? 0;
      const bound = limits.get(ofUser) ?? most;
      const whose = limits.has(ofUser) ? `rule.${ofUser}, which is` : `every ${ofUser}, which is at most`;
      const text = `rule.${ofProcess} is ${max}, above ${whose} ${bound}; lower it, or raise that`;
      if (max > bound) problems.push(source.problem([...path, ofProcess], text));
    }
  }
}

/**
 * A watchdog at or below a hog's priority waits for it like everybody else.
 * @param runsAt the priority of a watchdog that runs already, and goes on to until it is restarted
 */
export function keepWatchdogAbove(
  found: Found,
  rules: readonly RuleTable[],
  runsAt: number | undefined,
  problems: Problem[],
): void {
  const [watchdog, granted] = ['canary.watchdog_priority', 'limits.realtime_priority_max'] as const;
  if (found.isRefused(watchdog)) return;
  const isLower = runsAt !== undefined && runsAt < found.value(watchdog);
  const bound = isLower ? runsAt : found.value(watchdog);
  const running = `the watchdog, which runs at ${bound} until the daemon is restarted`;

  const max = found.value(granted);
  if (!found.isRefused(granted) && max >= bound) {
    const at = found.has(watchdog) ? watchdog : granted;
    problems.push(
      isLower
        ? found.problem(granted, `${granted} is ${max} and must be below ${running}`)
        : found.problem(at, `${watchdog} is ${bound} and must be above ${granted}, which is ${max}`),
    );
  }
  for (const { limits, source, path } of rules) {
    const ruled = limits.get('realtime_priority_max') ?? 0;
    const text = `rule.realtime_priority_max is ${ruled} and must be below ${isLower ? running : found.describe(watchdog)}`;
    if (ruled >= bound) problems.push(source.problem([...path, 'realtime_priority_max'], text));
  }
}

/** Ordinary threads that are late are sluggish first, then silent; and what is silent for a whole window is no matter of means. */
export function keepCanaryInOrder(found: Found, problems: Problem[]): void {
  const inOrder = ['canary.sluggish_msec', 'canary.patience_msec', 'canary.sluggish_window_msec'] as const;
  for (const [index, upper] of inOrder.entries()) {
    const lower = inOrder[index - 1];
    if (lower === undefined || found.isRefused(lower) || found.isRefused(upper)) continue;
    if (found.value(lower) <= found.value(upper)) continue;
    const at = found.has(lower) ? lower : upper;
    const text = at === lower ? 'must not be above' : 'must not be below';
    problems.push(
      found.problem(at, `${at} is ${found.value(at)} and ${text} ${found.describe(at === lower ? upper : lower)}`),
    );
  }
}
