import type { Caller, Configuration, Fields, Journal } from '../ports.ts';
import { Refused } from '../refused.ts';
import { ConfigError } from './error.ts';
import { untilRestart } from './keys.ts';
import type { Row, Settings } from './settings.ts';

export interface LiveParts {
  readonly journal: Journal;
  /** Is told that it begins, and that it is done. */
  readonly notifier: { reloading(): void; ready(): void };
  /** @throws ConfigError */
  readonly load: () => Settings;
  /** Puts all that can change while the daemon runs in force, at once. */
  readonly apply: (fresh: Settings) => void;
}

/** The configuration of a daemon that runs. */
export class LiveConfig implements Configuration {
  readonly #parts: LiveParts;
  readonly #atStart: Settings;
  #inForce: Settings;

  constructor(atStart: Settings, parts: LiveParts) {
    this.#parts = parts;
    this.#atStart = atStart;
    this.#inForce = atStart;
  }

  /** As reload(), for whom the journal is answer enough. Whatever goes wrong, the broker goes on as it was. */
  tryReload(): void {
    try {
      this.reload();
    } catch (fault) {
      if (fault instanceof Refused) return;
      const text = fault instanceof Error ? (fault.stack ?? fault.message) : `${fault}`;
      this.#parts.journal.error(`The configuration could not be read again, and what is in force stays: ${text}`);
    }
  }

  /** Reads all files anew. All that they say is put in force, or nothing. @throws Refused 'invalid-configuration' */
  reload(by?: Caller): void {
    const { notifier } = this.#parts;
    notifier.reloading();
    try {
      this.#reload(by === undefined ? {} : { byUid: by.uid, byPid: by.pid });
    } finally {
      notifier.ready();
    }
  }

  #reload(by: Pick<Fields, 'byUid' | 'byPid'>): void {
    const { journal, load, apply } = this.#parts;
    let fresh: Settings;
    try {
      fresh = load();
    } catch (fault) {
      if (!(fault instanceof ConfigError)) throw fault;
      journal.warning('The configuration is not good, and what is in force stays.', {
        ...by,
        reason: 'invalid-configuration',
      });
      for (const line of fault.message.split('\n')) journal.warning(line);
      throw new Refused({ reason: 'invalid-configuration', problems: fault.message });
    }

    const text = describeChanges(this.#inForce, fresh, this.#atStart);
    apply(fresh);
    this.#inForce = fresh;
    journal.info(text, by);
    for (const warning of fresh.warnings) journal.warning(warning);
  }
}

/** More would not be read. */
const shownMax = 20;

function describeChanges(before: Settings, fresh: Settings, atStart: Settings): string {
  const files = fresh.files.length === 0 ? 'no file' : fresh.files.join(', ');
  const waiting: readonly string[] = untilRestart;
  const waits = changed(atStart, fresh).filter(({ key }) => waiting.includes(key));
  const changes = changed(before, fresh).filter(({ key }) => !waiting.includes(key));
  return [
    `The configuration was read again from ${files}: ${changes.length === 0 ? 'nothing changed' : list(changes)}.`,
    ...(waits.length === 0 ? [] : [`Until the daemon is restarted, this waits: ${list(waits)}.`]),
  ].join(' ');
}

interface Change {
  readonly key: string;
  readonly value: Row['value'] | undefined;
}

/** What the one has otherwise than the other, and what of the other it has no more. */
function changed({ rows: before }: Settings, { rows: fresh }: Settings): readonly Change[] {
  const byKey = (rows: readonly Row[]) => new Map(rows.map(({ key, value }) => [key, value]));
  const [old, now] = [byKey(before), byKey(fresh)] as const;
  const gone = before.filter(({ key }) => !now.has(key)).map(({ key }) => ({ key, value: undefined }));
  return [...fresh.filter(({ key, value }) => old.get(key) !== value), ...gone];
}

function list(rows: readonly Change[]): string {
  const shown = rows.slice(0, shownMax).map(({ key, value }) => `${key} is ${value ?? 'gone'}`);
  return [...shown, ...(rows.length > shownMax ? [`and ${rows.length - shownMax} more`] : [])].join(', ');
}
