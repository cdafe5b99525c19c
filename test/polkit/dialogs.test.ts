import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Pid, Uid } from '../../src/core/thread.ts';
import { PolkitAuthority } from '../../src/polkit/authority.ts';
import { Memory } from '../../src/polkit/memory.ts';
import type { Caller, Patience, Right } from '../../src/ports.ts';
import { authorityContract } from '../contracts/authority.ts';
import { busOf, type Question } from './written.ts';

const [yes, no, challenge] = [[[true, false, []]], [[false, false, []]], [[false, true, []]]];

describe('polkit', () =>
  authorityContract(() => {
    let [word, password] = ['yes', true];
    const bus = busOf(async ([_target, _signature, [, , , flags]]) => {
      if (word === 'nothing') throw Object.assign(new Error('x'), { name: 'org.freedesktop.DBus.Error.NoReply' });
      if (word !== 'challenge') return word === 'yes' ? yes : no;
      return flags === 0 ? challenge : password ? yes : no;
    });
    const authority = new PolkitAuthority(bus, {
      deadlineMsec: 5000,
      memory: new Memory(0, () => 0),
      onAvailable: () => {},
    });
    return {
      authority,
      say: (next, typed = true) => {
        [word, password] = [next, typed];
      },
    };
  }));

let calls: Question[];
let available: boolean[];
let authority: PolkitAuthority;
/** Questions that let polkit ask a person: how each is answered. */
let dialogs: ((answer: readonly unknown[]) => void)[];
beforeEach(() => {
  vi.useFakeTimers();
  [calls, available, dialogs] = [[], [], []];
  const bus = busOf((call) => {
    calls.push(call);
    const [{ member }, , [, , , flags]] = call;
    if (member !== 'CheckAuthorization') return Promise.resolve([]);
    return flags === 0 ? Promise.resolve(challenge) : new Promise((resolve) => dialogs.push(resolve));
  });
  authority = new PolkitAuthority(bus, {
    deadlineMsec: 5000,
    memory: new Memory(0, () => 0),
    onAvailable: (is) => available.push(is),
  });
});
afterEach(() => void vi.useRealTimers());

const someone = (number: number, uid = 1000): Caller => ({ name: `:1.${number}`, uid: uid as Uid, pid: 1 as Pid });
const ask = (caller: Caller, right: Right = 'manage', patience: Patience = 'interactive'): Promise<string> =>
  authority.permit(caller, right, patience).then(
    () => 'yes',
    (fault) => fault.refusal.reason,
  );
const settled = () => vi.advanceTimersByTimeAsync(0);
const members = () =>
  calls.map(([{ member }, , body]) => `${member} ${body.at(member === 'CheckAuthorization' ? 3 : 0)}`);

describe('a question about a caller', () => {
  test('is about his connection, which polkit asks the bus daemon about', async () => {
    await ask(someone(7), 'inspect', 'usual');
    expect(calls[0]?.[2]).toEqual([
      ['system-bus-name', [['name', ['s', ':1.7']]]],
      'org.example.RealtimeBroker.inspect',
      [],
      0,
      '',
    ]);
  });

  test('is shared with nobody else, and with no other question', async () => {
    await Promise.all([ask(someone(7), 'inspect', 'usual'), ask(someone(7), 'inspect', 'brief')]);
    expect(calls).toHaveLength(1);
    await Promise.all([ask(someone(7), 'manage', 'usual'), ask(someone(8), 'manage', 'usual')]);
    expect(calls).toHaveLength(3);
  });

  test('that is brief gives up after a second, and says nothing of polkit', async () => {
    authority = new PolkitAuthority(
      busOf(() => new Promise(() => {})),
      { deadlineMsec: 5000, memory: new Memory(0, () => 0), onAvailable: (is) => available.push(is) },
    );
    const asking = ask(someone(7), 'inspect', 'brief');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await asking).toBe('authority-unavailable');
    expect(available).toEqual([]);
  });
});

describe('a dialog', () => {
  test('comes up only when a password would help, and may be cancelled by its name', async () => {
    const asking = ask(someone(7));
    await settled();
    expect(members()).toEqual(['CheckAuthorization 0', 'CheckAuthorization 1']);
    expect(calls[1]?.[2].at(4)).toMatch(/^\d+$/);
    dialogs[0]?.(yes);
    expect(await asking).toBe('yes');
    expect(vi.getTimerCount()).toBe(0);
    expect(calls).toHaveLength(2);
  });

  test('for which no agent is there is one more refusal', async () => {
    const asking = ask(someone(7));
    await settled();
    dialogs[0]?.(challenge);
    expect(await asking).toBe('authentication-required');
  });

  test('is called off after two minutes, and nobody takes polkit for dead', async () => {
    const asking = ask(someone(7));
    await vi.advanceTimersByTimeAsync(119_999);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asking).toBe('authentication-required');
    expect(members()[2]).toBe(`CancelCheckAuthorization ${calls[1]?.[2].at(4)}`);
    expect(available).toEqual([true]);
  });

  test('two wait for is one, and is called off when both have given up', async () => {
    const first = ask(someone(7));
    await vi.advanceTimersByTimeAsync(60_000);
    const second = ask(someone(7));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await first).toBe('authentication-required');
    expect(dialogs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await second).toBe('authentication-required');
    expect(members().at(-1)).toBe('CancelCheckAuthorization 1');
  });

  test('is one at a time of each user, and eight in all', async () => {
    for (let user = 0; user < 10; user++) for (const of of [1, 2]) void ask(someone(user * 10 + of, user));
    await settled();
    expect(dialogs).toHaveLength(8);
    dialogs[0]?.(no);
    await settled();
    expect(dialogs).toHaveLength(9);
  });

  test('keeps nobody from asking without one', async () => {
    for (let user = 0; user < 10; user++) void ask(someone(user, user));
    expect(await ask(someone(99), 'manage', 'usual')).toBe('authentication-required');
  });
});
