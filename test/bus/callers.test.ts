import { beforeEach, describe, expect, test } from 'vitest';
import { BusError } from '../../src/bus/bus-error.ts';
import { Callers } from '../../src/bus/callers.ts';
import { CallerGone } from '../../src/bus/misuse.ts';
import { Refused } from '../../src/refused.ts';

let asked: string[];
let answer: (member: string) => number;
let callers: Callers;
beforeEach(() => {
  asked = [];
  answer = (member) => (member === 'GetConnectionUnixUser' ? 1000 : 4242);
  callers = new Callers(async (member, _signature, [name]) => {
    asked.push(`${member} ${name}`);
    return [answer(member)];
  });
});

const failing = (name: string) => () => {
  throw new BusError(`org.freedesktop.DBus.Error.${name}`, 'no');
};

describe('a caller', () => {
  test('is who the bus daemon says', async () => {
    await expect(callers.identify(':1.7')).resolves.toEqual({ name: ':1.7', uid: 1000, pid: 4242 });
    expect(asked).toEqual(['GetConnectionUnixUser :1.7', 'GetConnectionUnixProcessID :1.7']);
  });

  test('is asked about once, however many of his calls come at once or later', async () => {
    const both = await Promise.all([callers.identify(':1.7'), callers.identify(':1.7')]);
    both.push(await callers.identify(':1.7'));
    expect(asked).toHaveLength(2);
    // By this the process table knows him again.
    expect(new Set(both).size).toBe(1);
  });

  test('who has gone is gone', async () => {
    answer = failing('NameHasNoOwner');
    await expect(callers.identify(':1.7')).rejects.toThrow(CallerGone);
  });

  test('whose process is unknown is refused', async () => {
    answer = failing('UnixProcessIdUnknown');
    await expect(callers.identify(':1.7')).rejects.toThrow(Refused);
  });

  test('about whom the daemon was silent is a fault, and asked about again the next time', async () => {
    answer = failing('NoReply');
    await expect(callers.identify(':1.7')).rejects.toThrow(BusError);
    answer = () => 5;
    await expect(callers.identify(':1.7')).resolves.toMatchObject({ uid: 5 });
  });

  test('is forgotten when a thousand others have come since', async () => {
    await callers.identify(':1.7');
    for (let i = 0; i < 1024; i++) await callers.identify(`:2.${i}`);
    asked.length = 0;
    await callers.identify(':2.1023');
    expect(asked).toEqual([]);
    await callers.identify(':1.7');
    expect(asked).toHaveLength(2);
  });

  test('who goes on asking is not forgotten, however many others come', async () => {
    await callers.identify(':1.7');
    for (let i = 0; i < 2048; i++) {
      await callers.identify(`:2.${i}`);
      if (i % 1000 === 0) await callers.identify(':1.7');
    }
    asked.length = 0;
    await callers.identify(':1.7');
    expect(asked).toEqual([]);
  });
});
