import type { Fields, Journal } from '../ports.ts';

/** One line for people, with fields for machines, on its way out. */
export interface Entry {
  /** syslog(3): 3 error, 4 warning, 6 info, 7 debug. */
  readonly priority: Priority;
  readonly text: string;
  /** By their names in the journal, RTBROKER_UID and so on. */
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
}

export const priorities = { error: 3, warning: 4, info: 6, debug: 7 } as const satisfies Record<keyof Journal, number>;

export type Level = keyof typeof priorities;
export type Priority = (typeof priorities)[Level];

/** What is no field of ours gets no name: a field's name must never come from outside. */
const names = {
  uid: 'RTBROKER_UID',
  pid: 'RTBROKER_PID',
  tid: 'RTBROKER_TID',
  comm: 'RTBROKER_COMM',
  program: 'RTBROKER_PROGRAM',
  reason: 'RTBROKER_REASON',
  kind: 'RTBROKER_KIND',
  policy: 'RTBROKER_POLICY',
  priority: 'RTBROKER_PRIORITY',
  nice: 'RTBROKER_NICE',
  action: 'RTBROKER_ACTION',
  error: 'RTBROKER_ERROR',
  count: 'RTBROKER_COUNT',
  cpu: 'RTBROKER_CPU',
  lateUsec: 'RTBROKER_LATE_USEC',
  ranUsec: 'RTBROKER_RAN_USEC',
  byUid: 'RTBROKER_BY_UID',
  byPid: 'RTBROKER_BY_PID',
} as const satisfies Record<keyof Fields, string>;

/** In characters. Nineteen such values fit into the 200 KiB that a datagram may have with the kernel's defaults. */
const valueMax = 4096;

export function entryOf(level: Level, text: string, fields: Fields = {}): Entry {
  const named: [string, string][] = [];
  for (const [key, name] of Object.entries(names)) {
    const value = fields[key as keyof Fields];
    if (value !== undefined) named.push([name, bounded(String(value))]);
  }
  return { priority: priorities[level], text: bounded(text), fields: named };
}

/** About the memory it takes, in bytes. */
export const sizeOf = ({ text, fields }: Entry): number =>
  fields.reduce((sum, [name, value]) => sum + 2 * (name.length + value.length), 2 * text.length + 100);

const bounded = (value: string): string => (value.length > valueMax ? `${value.slice(0, valueMax)}...` : value);
