import { beforeEach, describe, expect, test } from 'vitest';
import type { Kind } from '../../src/core/scheduling.ts';
import type { Pid, Process, StartTime, Uid } from '../../src/core/thread.ts';
import { PolkitAuthority, type PolkitBus } from '../../src/polkit/authority.ts';
import type { Face } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';

type Question = Parameters<PolkitBus['call']>;

const subject: Process = { pid: 4242 as Pid, starttime: 123_456_789_012n as StartTime, uid: 1000 as Uid };

let asked: Question[];
let answer: (question: Question) => readonly unknown[] | Promise<readonly unknown[]>;
let available: boolean[];
let authority: PolkitAuthority;
beforeEach(() => {
  asked = [];
  available = [];
  answer = () => [[true, false, []]];
  authority = new PolkitAuthority(
    {
      call: async (...question) => {
        asked.push(question);
        return answer(question);
      },
    },
    { deadlineMsec: 5000, onAvailable: (is) => available.push(is) },
  );
});

const ask = (face: Face = 'own', kind: Kind = 'realtime') => authority.authorize(subject, face, kind);

class BusFault extends Error {
  constructor(
    override readonly name: string,
    message = 'why',
  ) {
    super(message);
  }
}
const failing = (name: string, message?: string) => () => {
  throw new BusFault(`org.freedesktop.DBus.Error.${name}`, message);
};

describe('the question', () => {
  test('is CheckAuthorization, about the target process, with nobody to ask for a password', async () => {
    await ask();
    expect(asked).toEqual([
      [
        {
          destination: 'org.freedesktop.PolicyKit1',
          path: '/org/freedesktop/PolicyKit1/Authority',
          interface: 'org.freedesktop.PolicyKit1.Authority',
          member: 'CheckAuthorization',
        },
        '(sa{sv})sa{ss}us',
        [
          [
            'unix-process',
            [
              ['pid', ['u', 4242]],
              ['start-time', ['t', 123_456_789_012n]],
              ['uid', ['i', 1000]],
            ],
          ],
          'org.example.RealtimeBroker.acquire-real-time',
          [],
          0,
          'realtime-broker-1',
        ],
        '(bba{ss})',
        { timeoutMsec: 5000 },
      ],
    ]);
  });

  for (const [uid, int32] of [
    [0, 0],
    [2_147_483_647, 2_147_483_647],
    [2_147_483_648, -2_147_483_648],
    [4_294_967_294, -2],
  ] as const)
    test(`has the uid ${uid} as the int32 ${int32}, for polkit knows no other`, async () => {
      await authority.authorize({ ...subject, uid: uid as Uid }, 'own', 'realtime');
      expect(JSON.stringify(asked[0]?.[2], (_, value) => (typeof value === 'bigint' ? `${value}` : value))).toContain(
        `["uid",["i",${int32}]]`,
      );
    });

  for (const [face, kind, action] of [
    ['own', 'realtime', 'org.example.RealtimeBroker.acquire-real-time'],
    ['own', 'high-priority', 'org.example.RealtimeBroker.acquire-high-priority'],
    ['realtimekit1', 'realtime', 'org.freedesktop.RealtimeKit1.acquire-real-time'],
    ['realtimekit1', 'high-priority', 'org.freedesktop.RealtimeKit1.acquire-high-priority'],
  ] as const)
    test(`is about ${action}`, async () => {
      await ask(face, kind);
      expect(asked[0]?.[2][1]).toBe(action);
    });

  test('has a name of its own each time, by which it can be taken back', async () => {
    await Promise.all([ask(), ask()]);
    expect(asked.map(([, , body]) => body[4])).toEqual(['realtime-broker-1', 'realtime-broker-2']);
  });
});

describe('the answer', () => {
  test('yes lets the request go on', async () => {
    await expect(ask()).resolves.toBeUndefined();
    expect(available).toEqual([true]);
  });

  for (const [title, body] of [
    ['no', [false, false, []]],
    ['only after a password, which nobody is there to type', [false, true, []]],
  ] as const)
    test(`${title} is a refusal that names the action and the process`, async () => {
      answer = () => [body];
      await expect(ask()).rejects.toMatchObject({
        refusal: {
          ...{ reason: 'not-authorized', action: 'org.example.RealtimeBroker.acquire-real-time' },
          ...{ pid: 4242, uid: 1000 },
        },
      });
      expect(available).toEqual([true]);
    });

  const faults: readonly (readonly [title: string, fault: () => readonly unknown[], why: string])[] = [
    ['that never came', failing('NoReply', 'x'), 'it did not answer within 5 s'],
    ['of nobody', failing('ServiceUnknown'), 'it does not run and cannot be started'],
    ['of nobody any more', failing('NameHasNoOwner'), 'it does not run and cannot be started'],
    ['that the bus does not let through', failing('AccessDenied', 'Rejected send message.'), 'Rejected send message'],
    ['from a bus that is gone', failing('Disconnected', 'gone'), 'gone'],
    ['that is empty', () => [], 'its answer makes no sense'],
    ['that is no struct', () => ['yes'], 'its answer makes no sense'],
    ['that is an empty struct', () => [[]], 'its answer makes no sense'],
    ['whose yes is a number', () => [[1, 0, []]], 'its answer makes no sense'],
  ];
  for (const [title, fault, why] of faults)
    test(`${title} is a refusal that says why`, async () => {
      answer = fault;
      const refused = await ask().catch((error) => error);
      expect(refused).toBeInstanceOf(Refused);
      expect(refused.refusal).toEqual({ reason: 'authority-unavailable', why });
      expect(available).toEqual([false]);
    });

  test('yes, after none came, says that polkit is back', async () => {
    answer = failing('NoReply');
    await ask().catch(() => undefined);
    answer = () => [[true, false, []]];
    await ask();
    expect(available).toEqual([false, true]);
  });
});

describe('a question without an answer', () => {
  const cancelled = () => asked.filter(([{ member }]) => member === 'CancelCheckAuthorization');

  test('is taken back, without starting polkit for it', async () => {
    answer = failing('NoReply');
    await ask().catch(() => undefined);
    expect(cancelled()).toMatchObject([[{}, 's', ['realtime-broker-1'], '', { timeoutMsec: 5000, autoStart: false }]]);
  });

  test('that nobody heard is not', async () => {
    answer = failing('ServiceUnknown');
    await ask().catch(() => undefined);
    expect(cancelled()).toEqual([]);
  });
});
