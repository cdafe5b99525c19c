import { Dictionary } from './dictionary.ts';
import type { Users } from './users.ts';

/** A grant as the broker lists it: what was given, beside what the thread runs as. */
export interface GrantRow {
  readonly uid: number;
  readonly process: number;
  readonly thread: number;
  readonly comm: string;
  readonly program: string;
  readonly kind: string;
  readonly policy: string;
  /** A priority for realtime, a nice level for the others. */
  readonly level: number;
  /** Not told of a grant that is over. */
  readonly actual: { readonly policy: string; readonly level: number } | undefined;
  readonly state: string;
  readonly reason: string;
  /** Why it would be refused now, that limits were lowered; or empty. */
  readonly overLimit: string;
  readonly grantedAtUsec: number;
  readonly cpuUsec: number | undefined;
}

/** @throws Complaint when it is no grant */
export function readGrant(pairs: unknown): GrantRow {
  const told = new Dictionary(pairs);
  const actual = told.maybeText('ActualPolicy');
  return {
    uid: told.number('Uid'),
    process: told.number('Process'),
    thread: told.number('Thread'),
    comm: told.text('Comm'),
    program: told.maybeText('Program') ?? '',
    kind: told.text('Kind'),
    policy: told.text('Policy'),
    level: told.maybeNumber('Priority') ?? told.number('Nice'),
    actual: actual === undefined ? undefined : { policy: actual, level: told.number('ActualPriority') },
    state: told.maybeText('State') ?? '',
    reason: told.maybeText('Reason') ?? '',
    overLimit: told.maybeText('OverLimit') ?? '',
    grantedAtUsec: told.number('GrantedAtUSec'),
    cpuUsec: told.maybeNumber('CpuUSec'),
  };
}

/** For --json; rtbroker(1) describes it. */
export const grantJson = (grant: GrantRow, users: Users) => ({
  uid: grant.uid,
  user: users.nameOf(grant.uid) ?? null,
  process: grant.process,
  thread: grant.thread,
  comm: grant.comm,
  program: grant.program,
  kind: grant.kind,
  policy: grant.policy,
  ...(grant.kind === 'realtime' ? { priority: grant.level } : { nice: grant.level }),
  ...(grant.actual && { actual_policy: grant.actual.policy, actual_priority: grant.actual.level }),
  ...(grant.state !== '' && { state: grant.state, reason: grant.reason, over_limit: grant.overLimit }),
  granted_at_usec: grant.grantedAtUsec,
  ...(grant.cpuUsec !== undefined && { cpu_usec: grant.cpuUsec }),
});

/** "rr 20", "other -11": a policy with its priority, or its nice level. */
export const runsAs = ({ policy, level }: { readonly policy: string; readonly level: number }): string =>
  policy === 'deadline' ? policy : `${policy} ${level}`;

export const given = ({ kind, level }: Pick<GrantRow, 'kind' | 'level'>): string =>
  kind === 'realtime' ? `realtime priority ${level}` : `nice ${level}`;
