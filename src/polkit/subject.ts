import type { Process } from '../core/thread.ts';

type Variant = readonly [signature: string, value: unknown];

/** polkit's subject: a kind, and what identifies one of that kind. In D-Bus, (sa{sv}). */
export type Subject = readonly [kind: 'unix-process', details: readonly (readonly [key: string, value: Variant])[]];

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
