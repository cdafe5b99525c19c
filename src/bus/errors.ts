import type { Reason, Refusal } from '../core/refusal.ts';
import { Refused } from '../refused.ts';
import { libdbusText } from './libdbus.ts';
import { Misuse, TooManyCalls } from './misuse.ts';

/** An error as it goes over the bus. */
export interface Answer {
  readonly name: string;
  readonly text: string;
}

const standard = 'org.freedesktop.DBus.Error';

type Row = readonly [own: string, realtimekit1: 'AccessDenied' | 'Failed', errno: string];

/**
 * What each refusal is called: on our own interface, where one has a name of D-Bus's own; and on RealtimeKit1, where the
 * clients know few names and the text is that of an errno.
 */
const names = {
  'not-authorized': ['NotAuthorized', 'AccessDenied', 'EPERM'],
  'authentication-required': [`${standard}.InteractiveAuthorizationRequired`, 'AccessDenied', 'EPERM'],
  'authority-unavailable': ['AuthorityUnavailable', 'Failed', 'EIO'],
  'not-your-process': ['NotYourProcess', 'AccessDenied', 'EPERM'],
  'no-such-thread': ['NoSuchThread', 'Failed', 'ENOENT'],
  'invalid-priority': ['InvalidPriority', 'Failed', 'EINVAL'],
  'refused-by-rule': ['NotAuthorized', 'AccessDenied', 'EPERM'],
  'priority-above-limit': ['PriorityAboveLimit', 'AccessDenied', 'EPERM'],
  'nice-below-limit': ['NiceBelowLimit', 'AccessDenied', 'EPERM'],
  'rttime-unset': ['RTTimeUnset', 'AccessDenied', 'EPERM'],
  'rttime-above-limit': ['RTTimeAboveLimit', 'AccessDenied', 'EPERM'],
  'rttime-too-low': ['RTTimeTooLow', 'AccessDenied', 'EPERM'],
  'thread-limit': ['ThreadLimit', 'AccessDenied', 'EBUSY'],
  'process-limit': ['ProcessLimit', 'AccessDenied', 'EBUSY'],
  'user-limit': ['UserLimit', 'AccessDenied', 'EBUSY'],
  burst: ['Burst', 'AccessDenied', 'EBUSY'],
  'cooling-down': ['CoolingDown', 'AccessDenied', 'EPERM'],
  suspended: ['Suspended', 'AccessDenied', 'EBUSY'],
  'root-only': ['NotAuthorized', 'AccessDenied', 'EPERM'],
  'invalid-configuration': ['InvalidConfiguration', 'Failed', 'EINVAL'],
  'kernel-refused': ['KernelRefused', 'Failed', 'EIO'],
} as const satisfies Record<Reason, Row>;

/** Every error name of the own interface, for whoever holds them against its description. */
export const ownErrorNames: readonly string[] = [...new Set(Object.values(names).map(([own]) => ownName(own)))];

export function toOwnError(fault: unknown): Answer {
  if (fault instanceof Refused) return { name: ownName(names[fault.refusal.reason][0]), text: fault.message };
  if (fault instanceof Misuse) return { name: fault.busName, text: fault.message };
  return { name: `${standard}.Failed`, text: 'internal error' };
}

/** rtkit's names, and its text, which is strerror(3) or libdbus's, followed by ours. Clients take any other name for EIO. */
export function toRealtimeKit1Error(fault: unknown): Answer {
  if (fault instanceof TooManyCalls) return rtkitError('AccessDenied', 'EBUSY', fault);
  if (fault instanceof Misuse) return { name: fault.busName, text: [...libdbusText(fault), fault.message].join(': ') };
  if (!(fault instanceof Refused)) return rtkitError('Failed', 'EIO', new Error(toOwnError(fault).text));
  const [, name, errno] = rowOf(fault.refusal);
  return rtkitError(name, errno, fault);
}

function rowOf(refusal: Refusal): Row {
  const row = names[refusal.reason];
  if (refusal.reason !== 'kernel-refused') return row;
  return [row[0], refusal.errno === 'EPERM' ? 'AccessDenied' : 'Failed', refusal.errno];
}

const rtkitError = (name: string, errno: string, { message }: Error): Answer => ({
  name: `${standard}.${name}`,
  text: `${strerror[errno] ?? errno}: ${message}`,
});

function ownName(name: string): string {
  return name.includes('.') ? name : `org.example.RealtimeBroker.Error.${name}`;
}

/** strerror(3) of what may come. */
const strerror: Readonly<Record<string, string>> = {
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
