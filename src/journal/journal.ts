import { fstatSync } from 'node:fs';
import { pino } from 'pino';
import type { Fields, Journal } from '../ports.ts';
import { entryOf, type Level } from './entry.ts';
import { Fallback } from './fallback.ts';
import { Journald } from './journald.ts';
import { Outbox } from './outbox.ts';
import type { Sink } from './sink.ts';
import { Stderr } from './stderr.ts';

/** 'auto': the journal when stderr leads there anyway, as under systemd; else stderr. */
export type Target = 'auto' | 'journal' | 'stderr';

export interface JournalOptions {
  readonly target: Target;
  /** The least important level that is written. */
  readonly level: Level;
  /** At most 107 bytes. */
  readonly socketPath?: string;
}

/** Disposing of it tries a last time to send what waits. */
export type OpenJournal = Journal & Disposable & { setLevel(level: Level): void };

/** @throws RangeError when no socket can have this path */
export function openJournal({
  target,
  level,
  socketPath = '/run/systemd/journal/socket',
}: JournalOptions): OpenJournal {
  const forJournald = leadsToJournal(2, process.env.JOURNAL_STREAM);
  const stderr = new Stderr(forJournald);
  const native = target === 'journal' || (target === 'auto' && forJournald);
  return journalOn(native ? new Fallback(new Journald(socketPath), stderr) : stderr, level);
}

export function journalOn(sink: Sink, level: Level): OpenJournal {
  const outbox = new Outbox(sink);
  const logger = pino({ level: pinoLevel(level), base: null, timestamp: false }, into(outbox));
  return {
    debug: (text, fields = {}) => logger.debug(fields, text),
    info: (text, fields = {}) => logger.info(fields, text),
    warning: (text, fields = {}) => logger.warn(fields, text),
    error: (text, fields = {}) => logger.error(fields, text),
    setLevel: (now) => {
      logger.level = pinoLevel(now);
    },
    [Symbol.dispose]: () => outbox[Symbol.dispose](),
  };
}

const pinoLevel = (level: Level): string => (level === 'warning' ? 'warn' : level);

/** systemd.exec(5): JOURNAL_STREAM is "DEVICE:INODE" of the stream; that it is still our stderr must be looked at. */
export function leadsToJournal(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

const levels: Readonly<Record<number, Level>> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error' };

/** pino tells such a stream the parts of a message before it writes the JSON, which we need not parse, then. */
const into = (outbox: Outbox) => ({
  [Symbol.for('pino.metadata')]: true,
  lastLevel: 0,
  lastMsg: '',
  lastObj: {} as Fields,
  write(): void {
    outbox.put(entryOf(levels[this.lastLevel] ?? 'error', this.lastMsg, this.lastObj));
    this.lastObj = {};
  },
});
