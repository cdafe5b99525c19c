import { describe, expect, test } from 'vitest';
import { BusError } from '../../src/bus/bus-error.ts';
import { Complaint, toComplaint, WrongUse } from '../../src/cli/complaint.ts';
import { Dictionary } from '../../src/cli/dictionary.ts';
import { readGrant } from '../../src/cli/grant.ts';

const standard = 'org.freedesktop.DBus.Error';

const table: readonly (readonly [name: string, text: string, status: number, said: RegExp])[] = [
  ['org.example.RealtimeBroker.Error.Burst', 'Too often. Wait.', 1, /^Too often\. Wait\.$/],
  ['org.example.RealtimeBroker.Error.OfTomorrow', 'Because.', 1, /^Because\.$/],
  [`${standard}.ServiceUnknown`, 'x', 3, /No broker runs .*systemctl start/],
  [`${standard}.NameHasNoOwner`, 'x', 3, /No broker runs/],
  [`${standard}.NoReply`, 'no reply within 25000 ms', 3, /does not answer \(no reply within 25000 ms\)/],
  [`${standard}.Disconnected`, 'gone', 3, /bus hung up: gone/],
  [`${standard}.AccessDenied`, 'Rejected send message', 3, /does not let us talk to the broker: Rejected/],
  [`${standard}.Spawn.ChildExited`, 'exited', 3, /could not start the broker: exited\. See 'journalctl/],
  ['org.freedesktop.systemd1.LoadFailed', 'not loaded', 3, /could not start the broker: not loaded/],
  [`${standard}.UnknownMethod`, 'no Explain', 1, /of another version\. See 'rtbroker version'\. It said: no Explain/],
  [`${standard}.InconsistentMessage`, "Explain replied 'b'", 1, /of another version/],
  [
    `${standard}.InteractiveAuthorizationRequired`,
    'Needs a password.',
    1,
    /^Needs a password\. At a terminal .*pkttyagent/,
  ],
  [`${standard}.LimitsExceeded`, 'too many', 1, /answered LimitsExceeded: too many/],
  [`${standard}.Failed`, 'internal error', 1, /answered Failed: internal error/],
];

for (const [name, text, status, said] of table)
  test(`${name} is told as what it means`, () => {
    const complaint = toComplaint(new BusError(name, text));
    expect(complaint.status).toBe(status);
    expect(complaint.message).toMatch(said);
  });

test('what was meant for the terminal stays as it is', () => {
  const use = new WrongUse('no', 'list');
  expect(toComplaint(use)).toBe(use);
  expect(toComplaint(new TypeError('x is not a function'))).toMatchObject({
    status: 1,
    message: 'x is not a function',
  });
  expect(toComplaint('nonsense')).toMatchObject({ status: 1, message: 'nonsense' });
});

describe('a broker of another version', () => {
  const grant = [
    ['Uid', 1],
    ['Process', 2],
    ['Thread', 3],
    ['Comm', 'a'],
    ['Kind', 'of-tomorrow'],
    ['Policy', 'new'],
    ['Nice', 4],
    ['GrantedAtUSec', 5n],
    ['Unheard', { of: true }],
  ];

  test('may say more, and less', () =>
    expect(readGrant(grant)).toMatchObject({
      kind: 'of-tomorrow',
      level: 4,
      actual: undefined,
      state: '',
      program: '',
    }));

  test.each(grant.slice(0, 8).map(([key]) => key))('must say %s', (key) => {
    const less = grant.filter(([each]) => each !== key);
    expect(() => readGrant(less)).toThrow(Complaint);
    expect(() => readGrant(less)).toThrow(/of another version/);
  });

  test.each([[undefined], ['text'], [[['Uid']]], [[[1, 2]]], [{}]])('is not taken for one by %j', (pairs) =>
    expect(() => readGrant(pairs)).toThrow(/of another version/),
  );

  test('has no members that nobody gave it', () => {
    const told = new Dictionary([['a', true]]);
    expect(told.flag('constructor')).toBe(false);
    expect(told.maybeText('__proto__')).toBeUndefined();
    expect(told.words('a')).toEqual([]);
  });
});
