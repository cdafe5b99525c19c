import { judge } from './core/judge.ts';
import type { Grant, Ledger } from './core/ledger.ts';
import type { Rulebook } from './core/rulebook.ts';
import type { ProcessTable } from './ports.ts';

interface Parts {
  readonly processes: ProcessTable;
  readonly ledger: Ledger;
  readonly rulebook: Rulebook;
}

/** Why a thread may not have back what it was granted, by what it and the limits are now; undefined: it may. */
export function obstacleTo({ thread, scheduling }: Grant, { processes, ledger, rulebook }: Parts): string | undefined {
  if (processes.standingOf(thread.process) !== 'same') return 'uid-changed';
  const rttime = scheduling.kind === 'realtime' ? processes.rttime(thread.process) : 'unread';
  // Also where the broker may set one: it had one when it was granted, so somebody took it away.
  if (rttime === 'unlimited') return 'rttime-unset';
  const situation = { ...ledger.standing(thread, scheduling.kind), coolingMsec: 0, suspended: false };
  // Whatever face it came by: it was granted once.
  const terms = rulebook.advertisedTermsOf(processes.subject(thread.process));
  return judge({ thread, scheduling, rttime }, situation, terms)?.reason;
}
