import type { Limits } from './limits.ts';
import type { Gid, Uid } from './thread.ts';

/** What a rule may set: users are counted on the whole machine, and so none of them has a limit of his own. */
export type RuleLimits = Partial<Omit<Limits, 'usersMax' | 'rttimePolicy'>>;

/** A rule applies to a process that fits all of them. */
export interface Conditions {
  readonly user?: Uid;
  readonly group?: Gid;
  /** Absolute path of its program. */
  readonly executable?: string;
  /** Names of systemd's, with their endings. */
  readonly unit?: string;
  readonly slice?: string;
  readonly userUnit?: string;
}

/** An exception to the limits, for some processes. */
export interface Rule {
  readonly conditions: Conditions;
  readonly limits: RuleLimits;
  readonly refuse?: boolean;
  /** FILE:LINE */
  readonly origin: string;
}

/** A process as rules look at it. To answer may cost a look at /proc, and is done only when a rule asks. */
export interface Subject {
  readonly uid: Uid;
  /** By any of its credentials, credentials(7), or as its user is a member. */
  isInGroup(gid: Gid): boolean;
  /** Whether its program is the file that has this path now, as the broker sees it. */
  runs(path: string): boolean;
  /** The unit of the system's manager, a slice above it, or a unit or slice of the user's own manager. */
  isInUnit(of: 'unit' | 'slice' | 'userUnit', name: string): boolean;
}

/** What a process may have, and on whose word. */
export interface Terms {
  readonly limits: Limits;
  /** FILE:LINE of the rule that set it, for each limit that a rule did set. */
  readonly rules: Readonly<Partial<Record<keyof Limits, string>>>;
  /** FILE:LINE of the rule that refuses it everything. */
  readonly refusedBy?: string;
}

/** The terms of whom no rule knows. */
export const plainTerms = (limits: Limits): Terms => ({ limits, rules: {} });

/** Of the rules that apply, the last one that says something about a limit, or about refusing, decides that. */
export function termsOf(subject: Subject, limits: Limits, rules: readonly Rule[]): Terms {
  const terms = rules.filter(({ conditions }) => applies(conditions, subject)).reduce(amend, plainTerms(limits));
  return { ...terms, limits: withProcessBelowUser(terms.limits) };
}

/** Cheapest first: what costs a look is not asked of whom the rule does not mean anyway. */
function applies({ user, group, executable, unit, slice, userUnit }: Conditions, subject: Subject): boolean {
  return (
    (user === undefined || subject.uid === user) &&
    (group === undefined || subject.isInGroup(group)) &&
    (unit === undefined || subject.isInUnit('unit', unit)) &&
    (slice === undefined || subject.isInUnit('slice', slice)) &&
    (userUnit === undefined || subject.isInUnit('userUnit', userUnit)) &&
    (executable === undefined || subject.runs(executable))
  );
}

function amend({ refusedBy, ...terms }: Terms, { limits, refuse, origin }: Rule): Terms {
  const set = Object.fromEntries(Object.keys(limits).map((name) => [name, origin]));
  const by = refuse === undefined ? refusedBy : refuse ? origin : undefined;
  return {
    limits: { ...terms.limits, ...limits },
    rules: { ...terms.rules, ...set },
    ...(by !== undefined && { refusedBy: by }),
  };
}

/** What a process may have falls with what its user may. */
const withProcessBelowUser = (limits: Limits): Limits => ({
  ...limits,
  realtimeThreadsPerProcessMax: Math.min(limits.realtimeThreadsPerProcessMax, limits.realtimeThreadsPerUserMax),
  highPriorityThreadsPerProcessMax: Math.min(
    limits.highPriorityThreadsPerProcessMax,
    limits.highPriorityThreadsPerUserMax,
  ),
});
