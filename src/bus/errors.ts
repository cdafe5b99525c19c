import type { Reason, Refusal } from '../core/refusal.ts';
import { Refused } from '../refused.ts';
import { Misuse, TooManyCalls } from './misuse.ts';

/** An error as it goes over the bus. */
export interface Answer {
  readonly name: string;
  readonly text: string;
}

type Errno = 'EPERM' | 'ENOENT' | 'EIO' | 'EINVAL' | 'EBUSY';

/** What each refusal is called: on our own interface, and, for clients that know rtkit-daemon only, by errno. */
const names = {
  'not-authorized': ['NotAuthorized', 'EPERM'],
  'authority-unavailable': ['AuthorityUnavailable', 'EIO'],
  'not-your-process': ['NotYourProcess', 'EPERM'],
  'no-such-thread': ['NoSuchThread', 'ENOENT'],
  'invalid-priority': ['InvalidPriority', 'EINVAL'],
  'priority-above-limit': ['PriorityAboveLimit', 'EPERM'],
  'nice-below-limit': ['NiceBelowLimit', 'EPERM'],
  'rttime-unset': ['RTTimeUnset', 'EPERM'],
  'rttime-above-limit': ['RTTimeAboveLimit', 'EPERM'],
  'rttime-too-low': ['RTTimeTooLow', 'EPERM'],
  'thread-limit': ['ThreadLimit', 'EBUSY'],
  'process-limit': ['ProcessLimit', 'EBUSY'],
  'user-limit': ['UserLimit', 'EBUSY'],
  burst: ['Burst', 'EBUSY'],
  'kernel-refused': ['KernelRefused', 'from the kernel'],
} as const satisfies Record<Reason, readonly [own: string, realtimekit1: Errno | 'from the kernel']>;

/** Every error name of the own interface, for whoever holds it against its description. */
export const ownErrorNames: readonly string[] = Object.values(names).map(([own]) => ownName(own));

const accessDenied = 'org.freedesktop.DBus.Error.AccessDenied';
const failed = 'org.freedesktop.DBus.Error.Failed';

export function toOwnError(fault: unknown): Answer {
  if (fault instanceof Refused) return { name: ownName(names[fault.refusal.reason][0]), text: fault.message };
  if (fault instanceof Misuse) return { name: fault.busName, text: fault.message };
  return { name: failed, text: 'internal error' };
}

/** rtkit's names, and its text, which is strerror(3) alone, followed by ours. Clients take anything else for EIO. */
export function toRealtimeKit1Error(fault: unknown): Answer {
  if (fault instanceof TooManyCalls) return { name: accessDenied, text: `${strerror.EBUSY}: ${fault.message}` };
  if (!(fault instanceof Refused)) return toOwnError(fault);
  const errno = errnoOf(fault.refusal);
  const denied = errno === 'EPERM' || errno === 'EBUSY';
  return { name: denied ? accessDenied : failed, text: `${strerror[errno] ?? errno}: ${fault.message}` };
}

function ownName(name: string): string {
  return `org.example.RealtimeBroker.Error.${name}`;
}

function errnoOf(refusal: Refusal): string {
  if (refusal.reason === 'kernel-refused') return refusal.errno === 'EBUSY' ? 'EIO' : refusal.errno;
  return names[refusal.reason][1];
}

/** strerror(3) of what may come. */
const strerror: Record<string, string> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EIO: 'Input/output error',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  ENODEV: 'No such device',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'Too many open files',
  ENOSYS: 'Function not implemented',
};
