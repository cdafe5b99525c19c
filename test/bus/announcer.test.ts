import { beforeEach, describe, expect, test } from 'vitest';
import { Announcer } from '../../src/bus/announcer.ts';
import type { Dictionary } from '../../src/bus/wire.ts';

let count: number;
let words: readonly string[];
let said: Dictionary[];
let timers: { readonly msec: number; readonly act: () => void }[];
let announcer: Announcer;

beforeEach(() => {
  count = 0;
  words = [];
  said = [];
  timers = [];
  announcer = new Announcer(
    [
      { name: 'Count', signature: 'u', read: () => count },
      { name: 'Words', signature: 'as', read: () => words },
    ],
    (changed) => said.push(changed),
    (msec, act) => timers.push({ msec, act }),
  );
});

const change = (to: number) => {
  count = to;
  announcer.touch();
};
const pass = () => timers.shift()?.act();

describe('changes', () => {
  test('are announced at once, the changed ones only', () => {
    change(1);
    expect(said).toEqual([[['Count', ['u', 1]]]]);
  });

  test('of lists are changes, too', () => {
    words = ['a', 'b'];
    announcer.touch();
    expect(said).toEqual([[['Words', ['as', ['a', 'b']]]]]);
  });

  test('in the next half second are announced together behind it', () => {
    change(1);
    change(2);
    change(3);
    expect(said).toHaveLength(1);
    expect(timers).toMatchObject([{ msec: 500 }]);
    pass();
    expect(said[1]).toEqual([['Count', ['u', 3]]]);
  });

  test('come twice a second however many there are', () => {
    for (let half = 0; half < 10; half++) {
      for (let i = 0; i < 100; i++) change(half * 100 + i + 1);
      expect(said).toHaveLength(half + 1);
      pass();
    }
  });

  test('that were taken back are none', () => {
    change(1);
    change(2);
    change(1);
    pass();
    expect(said).toHaveLength(1);
  });
});

describe('at rest', () => {
  test('nothing is said and no timer runs when nothing has changed', () => {
    announcer.touch();
    expect(said).toEqual([]);
    expect(timers).toEqual([]);
  });

  test('the last timer starts no other', () => {
    change(1);
    pass();
    expect(timers).toEqual([]);
    change(2);
    expect(said).toHaveLength(2);
  });
});
