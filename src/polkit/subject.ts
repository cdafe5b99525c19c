import type { Process } from '../core/thread.ts';
import type { Caller } from '../ports.ts';

type Variant = readonly [signature: string, value: unknown];

/** polkit's subject: a kind, and what identifies one of that kind. In D-Bus, (sa{sv}). */
export type Subject = readonly [
  kind: 'unix-process' | 'system-bus-name',
  details: readonly (readonly [key: string, value: Variant])[],
];

/**
 * The target process, which a reused pid cannot impersonate. The uid must be int32: polkit ignores an unsigned one and
 * looks the uid up by itself, too late (CVE-2013-4326). Uids above 2³¹ are the same 32 bits.
 */
export const subjectOf = ({ pid, starttime, uid }: Process): Subject => [
  'unix-process',
  [
    ['pid', ['u', pid]],
    ['start-time', ['t', starttime]],
    ['uid', ['i', uid | 0]],
  ],
];

/**
 * Whoever speaks to us, by his connection, as systemd has it: the bus daemon knows who made it, and polkit asks there. Of
 * his process we know no more than a pid, which may be another's by now.
 */
export const subjectOfCaller = ({ name }: Caller): Subject => ['system-bus-name', [['name', ['s', name]]]];
