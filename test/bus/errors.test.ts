import { describe, expect, test } from 'vitest';
import { ownErrorNames, toOwnError, toRealtimeKit1Error } from '../../src/bus/errors.ts';
import { Misuse, TooManyCalls } from '../../src/bus/misuse.ts';
import { because, type Refusal } from '../../src/core/refusal.ts';
import { Refused } from '../../src/refused.ts';

const denied = 'AccessDenied';
const perm = 'Operation not permitted';
const busy = 'Device or resource busy';

/** The table of refusals, and what rtkit-daemon says instead. */
const table: readonly (readonly [refusal: Refusal, own: string, rtkit: string, strerror: string])[] = [
  [{ reason: 'not-authorized', action: 'a.b', pid: 1, uid: 2 }, 'NotAuthorized', denied, perm],
  [
    { reason: 'authentication-required', action: 'a.b', pid: 1, uid: 2 },
    'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
    denied,
    perm,
  ],
  [{ reason: 'authority-unavailable', why: 'it hangs' }, 'AuthorityUnavailable', 'Failed', 'Input/output error'],
  [{ reason: 'not-your-process', pid: 1, uids: [2], caller: 3 }, 'NotYourProcess', denied, perm],
  [{ reason: 'no-such-thread', what: 'Nobody' }, 'NoSuchThread', 'Failed', 'No such file or directory'],
  [{ reason: 'invalid-priority', kind: 'realtime', value: 0 }, 'InvalidPriority', 'Failed', 'Invalid argument'],
  [{ reason: 'invalid-priority', kind: 'high-priority', value: 20 }, 'InvalidPriority', 'Failed', 'Invalid argument'],
  [{ reason: 'refused-by-rule', pid: 1, rule: 'f:1' }, 'NotAuthorized', denied, perm],
  [{ reason: 'priority-above-limit', priority: 21, max: 20 }, 'PriorityAboveLimit', denied, perm],
  [{ reason: 'nice-below-limit', nice: -16, min: -15 }, 'NiceBelowLimit', denied, perm],
  [{ reason: 'rttime-unset', pid: 1, maxUsec: 2n }, 'RTTimeUnset', denied, perm],
  [{ reason: 'rttime-above-limit', pid: 1, usec: 3n, maxUsec: 2n }, 'RTTimeAboveLimit', denied, perm],
  [{ reason: 'rttime-too-low', pid: 1, usec: 0n, minUsec: 1n }, 'RTTimeTooLow', denied, perm],
  [{ reason: 'thread-limit', kind: 'realtime', of: 'user', max: 3 }, 'ThreadLimit', denied, busy],
  [{ reason: 'process-limit', max: 3 }, 'ProcessLimit', denied, busy],
  [{ reason: 'user-limit', max: 3 }, 'UserLimit', denied, busy],
  [{ reason: 'burst', of: 'user', retryMsec: 1500 }, 'Burst', denied, busy],
  [{ reason: 'cooling-down', pid: 500, retryMsec: 1500 }, 'CoolingDown', denied, perm],
  [{ reason: 'suspended' }, 'Suspended', denied, busy],
  [{ reason: 'root-only', member: 'ResetAll', caller: 7 }, 'NotAuthorized', denied, perm],
  [{ reason: 'invalid-configuration', problems: 'f:1:1: no' }, 'InvalidConfiguration', 'Failed', 'Invalid argument'],
  [{ reason: 'kernel-refused', call: 'x', errno: 'EPERM', cause: 'c' }, 'KernelRefused', denied, perm],
  [
    { reason: 'kernel-refused', call: 'x', errno: 'EACCES', cause: 'c' },
    'KernelRefused',
    'Failed',
    'Permission denied',
  ],
  [{ reason: 'kernel-refused', call: 'x', errno: 'EBUSY', cause: 'c' }, 'KernelRefused', 'Failed', busy],
  [
    { reason: 'kernel-refused', call: 'x', errno: 'EMFILE', cause: 'c' },
    'KernelRefused',
    'Failed',
    'Too many open files',
  ],
  [{ reason: 'kernel-refused', call: 'x', errno: 'EODD', cause: 'c' }, 'KernelRefused', 'Failed', 'EODD'],
];

describe('a refusal', () => {
  for (const [refusal, own, rtkit, strerror] of table) {
    const what = `${refusal.reason}${refusal.reason === 'kernel-refused' ? ` with ${refusal.errno}` : ''}`;
    const { sentence, remedy } = because(refusal);

    test(`${what} is ${own} on our own interface, with its remedy`, () =>
      expect(toOwnError(new Refused(refusal))).toEqual({
        name: own.includes('.') ? own : `org.example.RealtimeBroker.Error.${own}`,
        text: `${sentence} ${remedy}`,
      }));

    test(`${what} is ${rtkit} on RealtimeKit1, in rtkit's words and then in ours`, () =>
      expect(toRealtimeKit1Error(new Refused(refusal))).toEqual({
        name: `org.freedesktop.DBus.Error.${rtkit}`,
        text: `${strerror}: ${sentence} ${remedy}`,
      }));
  }

  test('C27 clients of rtkit are told no other names than they know', () => {
    expect(new Set(table.map(([, , rtkit]) => rtkit))).toEqual(new Set([denied, 'Failed']));
  });

  test('of every reason is in this table', () => {
    const named = new Set(
      table.map(([, own]) => (own.includes('.') ? own : `org.example.RealtimeBroker.Error.${own}`)),
    );
    expect(new Set(ownErrorNames)).toEqual(named);
  });
});

describe('what is no refusal', () => {
  for (const [title, fault] of [
    ['an error', new TypeError('the secret is 7')],
    ['something thrown that is none', 'the secret is 7'],
    ['nothing', undefined],
  ] as const)
    test(`is told to nobody: ${title}`, () => {
      const name = 'org.freedesktop.DBus.Error.Failed';
      expect(toOwnError(fault)).toEqual({ name, text: 'internal error' });
      expect(toRealtimeKit1Error(fault)).toEqual({ name, text: 'Input/output error: internal error' });
    });

  test('is misuse of D-Bus, by its own name on both', () => {
    const misuse = new Misuse('UnknownMethod', 'no such');
    const answer = { name: 'org.freedesktop.DBus.Error.UnknownMethod', text: 'no such' };
    expect(toOwnError(misuse)).toEqual(answer);
    expect(toRealtimeKit1Error(misuse)).toEqual(answer);
  });

  test('is a caller who does not wait: too busy for rtkit clients, who know no other name', () => {
    expect(toOwnError(new TooManyCalls('wait'))).toEqual({
      name: 'org.freedesktop.DBus.Error.LimitsExceeded',
      text: 'wait',
    });
    expect(toRealtimeKit1Error(new TooManyCalls('wait'))).toEqual({
      name: 'org.freedesktop.DBus.Error.AccessDenied',
      text: `${busy}: wait`,
    });
  });
});
