import type { Entry } from './entry.ts';

/**
 * What became of an entry. 'later': whoever reads is behind, and it was not taken; the same entry is to be offered
 * again before any other. 'never': nobody reads there.
 */
export type Delivery = 'sent' | 'later' | 'never';

/** Where entries go. Never waits, never throws. */
export interface Sink extends Disposable {
  send(entry: Entry): Delivery;
  /** For an entry that was told 'later' when there is no later. */
  sendElsewhere?(entry: Entry): void;
}
