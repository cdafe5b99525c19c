import type { Conduct } from './cooldown.ts';
import type { Grant } from './ledger.ts';
import { type Attributes, descendsFrom, isAlike, ordinary, runsAs } from './scheduling.ts';
import { keyOf, keyOfProcess, type Process } from './thread.ts';

/** What is written into the logbook. To read one twice changes nothing; a key is a thread's, as keyOf makes it. */
export type Deed =
  | ({ readonly kind: 'intended' } & Intent)
  /** What was intended for the thread last was done. */
  | { readonly kind: 'kept'; readonly key: string }
  /** It was not done after all: the thread has what it had before. */
  | { readonly kind: 'withdrawn'; readonly key: string }
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** By the watchdog, for a while. */
  | { readonly kind: 'demoted'; readonly key: string; readonly reason: string }
  | { readonly kind: 'restored'; readonly key: string }
  /** About to be demoted for good. */
  | { readonly kind: 'leaving'; readonly key: string }
  | { readonly kind: 'ended'; readonly key: string }
  | { readonly kind: 'offended'; readonly process: Process; readonly conduct: Conduct };

/** A grant about to be given. */
export interface Intent {
  readonly grant: Grant;
  /** What the thread ran as. */
  readonly before: Attributes;
}

/** What is known of a thread that was granted something, or was about to be. */
export interface Known {
  readonly grant?: Grant;
  readonly intent?: Intent;
  /** Why the watchdog demoted it for a while, if it did. */
  readonly demoted?: string;
  readonly leaving?: true;
}

/** What one broker leaves to the next. */
export interface Legacy {
  readonly threads: readonly Known[];
  readonly offenders: readonly (readonly [Process, Conduct])[];
}

/** What a logbook comes to, read from its first deed to its last. */
export function inherit(deeds: Iterable<Deed>): Legacy {
  const threads = new Map<string, Known>();
  const offenders = new Map<string, readonly [Process, Conduct]>();
  for (const deed of deeds) {
    if (deed.kind === 'offended') {
      offenders.set(keyOfProcess(deed.process), [deed.process, deed.conduct]);
      continue;
    }
    const key = 'grant' in deed ? keyOf(deed.grant.thread) : deed.key;
    const known = after(deed, threads.get(key));
    if (known === undefined) threads.delete(key);
    else threads.set(key, known);
  }
  return { threads: [...threads.values()], offenders: [...offenders.values()] };
}

function after(deed: Exclude<Deed, { kind: 'offended' }>, known: Known | undefined): Known | undefined {
  switch (deed.kind) {
    case 'intended':
      return { ...known, intent: { grant: deed.grant, before: deed.before } };
    case 'kept':
      // Without an intention the logbook was written anew meanwhile, and has what came of it.
      return known?.intent ? { grant: known.intent.grant } : known;
    case 'granted':
      return { grant: deed.grant };
    case 'ended':
      return undefined;
    case 'withdrawn': {
      const { intent: _, ...rest } = known ?? {};
      return rest.grant && rest;
    }
    case 'restored': {
      const { demoted: _, ...rest } = known ?? {};
      return known && rest;
    }
    case 'demoted':
      return known && { ...known, demoted: deed.reason };
    case 'leaving':
      return known && { ...known, leaving: true };
  }
}

/** Of a damaged logbook only what the kernel confirms can be believed: as if nothing in it had been done for certain. */
export const doubted = ({ threads, offenders }: Legacy): Legacy => ({
  threads: threads.flatMap(({ grant, intent, leaving }) => {
    const claimed = intent ?? (grant && { grant, before: ordinary });
    return claimed === undefined ? [] : [{ intent: claimed, ...(leaving && { leaving }) }];
  }),
  offenders,
});

/**
 * The grant a thread has, by what is known of it and what it runs as; undefined: none. What was about to be given counts
 * as given when the thread runs so: its owner may have been told.
 */
export function claimOf({ grant, intent }: Known, actual: Attributes): Grant | undefined {
  return intent !== undefined && tookEffect(intent, actual) ? intent.grant : grant;
}

/** Also when the thread lowered itself since; but not when it runs as it did before. */
const tookEffect = ({ grant: { scheduling }, before }: Intent, actual: Attributes): boolean =>
  runsAs(actual, scheduling) || (descendsFrom(actual, scheduling) && !isAlike(actual, before));
