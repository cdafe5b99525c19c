import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Kind } from '../../src/core/scheduling.ts';
import type { Pid, Process, StartTime, Uid } from '../../src/core/thread.ts';
import { PolkitAuthority } from '../../src/polkit/authority.ts';
import { Memory } from '../../src/polkit/memory.ts';
import type { Face } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';
import { busOf, type Question } from './written.ts';

const subject: Process = { pid: 4242 as Pid, starttime: 123_456_789_012n as StartTime, uid: 1000 as Uid };

let asked: Question[];
let answer: (question: Question) => readonly unknown[] | Promise<readonly unknown[]>;
let available: boolean[];
let nowMsec: number;
let memory: Memory;
let authority: PolkitAuthority;
const start = (rememberMsec = 0) => {
  nowMsec = 0;
  memory = new Memory(rememberMsec, () => nowMsec);
  asked = [];
  available = [];
  answer = () => [[true, false, []]];
  authority = new PolkitAuthority(
    busOf(async (question) => {
      asked.push(question);
      return answer(question);
    }),
    { deadlineMsec: 5000, memory, onAvailable: (is) => available.push(is) },
  );
};
beforeEach(() => start());

const ask = (face: Face = 'own', kind: Kind = 'realtime') => authority.authorize(subject, face, kind, 'usual');

class BusFault extends Error {
  constructor(
    override readonly name: string,
    message = 'why',
  ) {
    super(message);
  }
}
const failing =
  (name: string, message?: string, prefix = 'org.freedesktop.DBus.Error') =>
  () => {
    throw new BusFault(`${prefix}.${name}`, message);
  };

describe('the question', () => {
  test('is CheckAuthorization, about the target process, with nobody to ask for a password and nothing to cancel', async () => {
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
          '',
        ],
        '(bba{ss})',
        { timeoutMsec: Number.POSITIVE_INFINITY },
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
      await authority.authorize({ ...subject, uid: uid as Uid }, 'own', 'realtime', 'usual');
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
});

describe('the answer', () => {
  test('yes lets the request go on', async () => {
    await expect(ask()).resolves.toBeUndefined();
    expect(available).toEqual([true]);
  });

  for (const [title, face, body, reason] of [
    ['no', 'own', [false, false, []], 'not-authorized'],
    ['no', 'realtimekit1', [false, false, []], 'not-authorized'],
    ['only after a password', 'own', [false, true, []], 'authentication-required'],
    ['only after a password, of which the client knows nothing', 'realtimekit1', [false, true, []], 'not-authorized'],
  ] as const)
    test(`${title} is a refusal that names the action and the process, on ${face}`, async () => {
      answer = () => [body];
      const action = `org.${face === 'own' ? 'example.RealtimeBroker' : 'freedesktop.RealtimeKit1'}.acquire-real-time`;
      await expect(ask(face)).rejects.toMatchObject({ refusal: { reason, action, pid: 4242, uid: 1000 } });
      expect(available).toEqual([true]);
      expect(asked).toHaveLength(1);
    });

  const faults: readonly (readonly [
    title: string,
    fault: () => readonly unknown[],
    why: string,
    available: boolean[],
  ])[] = [
    ['that polkit took with it', failing('NoReply', 'x'), 'it ended before it answered', [false]],
    ['of nobody', failing('ServiceUnknown'), 'it does not run and cannot be started', [false]],
    ['of nobody any more', failing('NameHasNoOwner'), 'it does not run and cannot be started', [false]],
    ['of a polkit that dies at its start', failing('Spawn.ChildExited', 'exit 1'), 'exit 1', [false]],
    [
      'of a polkit whose unit is masked',
      failing('UnitMasked', 'masked', 'org.freedesktop.systemd1'),
      'masked',
      [false],
    ],
    ['of a polkit that does not start', failing('TimedOut', 'start'), 'start', [false]],
    ['from a bus that is gone', failing('Disconnected', 'gone'), 'gone', [false]],
    ['that the bus does not let through', failing('AccessDenied', 'Rejected it.'), 'Rejected it', []],
    ['to too many', failing('LimitsExceeded', 'too many'), 'too many', []],
    ['that its process is gone', failing('Failed', 'no process'), 'no process', []],
    ['with a name made up', failing('NoReplyAtAll', 'what'), 'what', []],
    ['that is empty', () => [], 'its answer makes no sense', []],
    ['that is no struct', () => ['yes'], 'its answer makes no sense', []],
    ['that is an empty struct', () => [[]], 'its answer makes no sense', []],
    ['whose yes is a number', () => [[1, 0, []]], 'its answer makes no sense', []],
  ];
  for (const [title, fault, why, told] of faults)
    test(`${title} is a refusal that says why, and ${told.length ? 'polkit' : 'not polkit'} is to blame`, async () => {
      answer = fault;
      const refused = await ask().catch((error) => error);
      expect(refused).toBeInstanceOf(Refused);
      expect(refused.refusal).toEqual({ reason: 'authority-unavailable', why });
      expect(available).toEqual(told);
    });

  test('yes, after none came, says that polkit is back', async () => {
    answer = failing('NoReply');
    await ask().catch(() => undefined);
    answer = () => [[true, false, []]];
    await ask();
    expect(available).toEqual([false, true]);
  });
});

describe('the deadline', () => {
  /** polkit has what it is asked, and does as it is told. */
  const pending: ((fault?: Error) => void)[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    pending.length = 0;
    answer = () =>
      new Promise((resolve, reject) =>
        pending.push((fault) => (fault === undefined ? resolve([[true, false, []]]) : reject(fault))),
      );
  });
  afterEach(() => void vi.useRealTimers());

  let pids = 0;
  const another = (uid: number): Process => ({ ...subject, pid: ++pids as Pid, uid: uid as Uid });
  /** A request of a process of its own; "yes", or why not. */
  const request = (uid: number, process = another(uid)): Promise<string> =>
    authority.authorize(process, 'own', 'realtime', 'usual').then(
      () => 'yes',
      (refused) => refused.refusal.why,
    );

  test('ends the wait, and says that polkit cannot be asked', async () => {
    const asking = request(1);
    await vi.advanceTimersByTimeAsync(4999);
    expect(available).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asking).toBe('it did not answer within 5 s');
    expect(available).toEqual([false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no timer behind when the answer comes', async () => {
    const asking = request(1);
    pending[0]?.();
    expect(await asking).toBe('yes');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('counts from the request on, and who never had a turn blames nobody', async () => {
    const first = Array.from({ length: 16 }, () => request(1));
    const queued = request(1);
    await vi.advanceTimersByTimeAsync(4000);
    for (const yes of pending.splice(0)) yes();
    expect(await Promise.all(first)).toEqual(first.map(() => 'yes'));
    expect(asked).toHaveLength(17);

    available.length = 0;
    await vi.advanceTimersByTimeAsync(1000);
    expect(await queued).toBe('it was busy with other questions for 5 s');
    expect(available).toEqual([]);
  });

  test('takes a question out of the line', async () => {
    const all = Array.from({ length: 20 }, () => request(1));
    await vi.advanceTimersByTimeAsync(5000);
    expect((await Promise.all(all)).filter((why) => why.startsWith('it was busy'))).toHaveLength(4);
    for (const yes of pending.splice(0)) yes();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(16);
  });

  test('frees no place, which the bus daemon still counts: nobody can have more than his, however often he asks', async () => {
    for (let round = 0; round < 3; round++) {
      const all = Array.from({ length: 64 }, () => request(1));
      await vi.advanceTimersByTimeAsync(5000);
      await Promise.all(all);
    }
    expect(asked).toHaveLength(16);
    const carol = request(2);
    expect(asked).toHaveLength(17);
    for (const yes of pending.splice(0)) yes();
    expect(await carol).toBe('yes');
  });

  test('that has passed makes a late error nobody’s', async () => {
    const asking = request(1);
    await vi.advanceTimersByTimeAsync(5000);
    await asking;
    pending[0]?.(new BusFault('org.freedesktop.DBus.Error.NoReply'));
    await vi.advanceTimersByTimeAsync(0);
    expect(available).toEqual([false]);
    const next = request(1);
    pending[1]?.();
    expect(await next).toBe('yes');
  });

  test('is each asker’s own, where they share an answer', async () => {
    const process = another(1);
    const early = request(1, process);
    await vi.advanceTimersByTimeAsync(3000);
    const late = request(1, process);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await early).toBe('it did not answer within 5 s');
    pending[0]?.();
    expect(await late).toBe('yes');
    expect(asked).toHaveLength(1);
  });

  test('of the last who wants to know takes a shared question out of the line, not that of the first', async () => {
    const first = Array.from({ length: 16 }, () => request(1));
    const process = another(1);
    const early = request(1, process);
    await vi.advanceTimersByTimeAsync(3000);
    const late = request(1, process);
    await vi.advanceTimersByTimeAsync(2000);
    await Promise.all([...first, early]);
    for (const yes of pending.splice(0)) yes();
    await vi.advanceTimersByTimeAsync(0);
    pending[0]?.();
    expect(await late).toBe('yes');
  });
});

describe('what is under way', () => {
  const differing: readonly (readonly [title: string, process: Partial<Process>, face: Face, kind: Kind])[] = [
    ['another process', { pid: 4243 as Pid }, 'own', 'realtime'],
    ['a process that has the pid by now', { starttime: 1n as StartTime }, 'own', 'realtime'],
    ['the process as another user', { uid: 0 as Uid }, 'own', 'realtime'],
    ['another kind', {}, 'own', 'high-priority'],
    ['the other face', {}, 'realtimekit1', 'realtime'],
  ];

  test('is not asked twice', async () => {
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toHaveLength(1);
  });

  for (const [title, process, face, kind] of differing)
    test(`is no answer for ${title}`, async () => {
      await Promise.all([ask(), authority.authorize({ ...subject, ...process }, face, kind, 'usual')]);
      expect(asked).toHaveLength(2);
    });

  test('has one no for all', async () => {
    answer = () => [[false, false, []]];
    const refused = await Promise.allSettled([ask(), ask()]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('and answered is asked again: an answer is not kept', async () => {
    await ask();
    answer = () => [[false, false, []]];
    await expect(ask()).rejects.toBeInstanceOf(Refused);
  });
});

describe('what is remembered', () => {
  beforeEach(() => start(2000));
  const no = () => [[false, false, []]];

  test('saves polkit a question, for its time', async () => {
    await ask();
    answer = no;
    nowMsec = 1999;
    await ask();
    expect(asked).toHaveLength(1);
    nowMsec = 2000;
    await expect(ask()).rejects.toBeInstanceOf(Refused);
  });

  test('is of one action alone', async () => {
    await ask('own', 'realtime');
    answer = no;
    for (const [face, kind] of [
      ['own', 'high-priority'],
      ['realtimekit1', 'realtime'],
    ] as const)
      await expect(ask(face, kind)).rejects.toBeInstanceOf(Refused);
  });

  test('is not what the subject may with a password', async () => {
    answer = ([, , [, , , flags]]) => (flags === 0 ? [[false, true, []]] : [[true, false, []]]);
    await authority.authorize(subject, 'own', 'realtime', 'interactive');
    await expect(ask()).rejects.toMatchObject({ refusal: { reason: 'authentication-required' } });
  });

  test('is nothing about a caller', async () => {
    const caller = { ...subject, name: ':1.7' };
    for (const _ of [1, 2]) await authority.permit(caller, 'inspect', 'usual');
    expect(asked).toHaveLength(2);
  });

  test('is never a no', async () => {
    answer = no;
    await expect(ask()).rejects.toBeInstanceOf(Refused);
    answer = () => [[true, false, []]];
    await ask();
    expect(asked).toHaveLength(2);
  });

  test('is not what polkit was asked before something changed, and answered afterwards', async () => {
    let reply = (_: readonly unknown[]) => {};
    answer = () =>
      new Promise((resolve) => {
        reply = resolve;
      });
    const first = ask();
    await Promise.resolve();
    memory.forget();
    reply([[true, false, []]]);
    await first;
    answer = no;
    await expect(ask()).rejects.toBeInstanceOf(Refused);
  });
});
