import { expect, test } from 'vitest';
import { TooManyCalls } from '../../src/bus/misuse.ts';
import { Waiting } from '../../src/bus/waiting.ts';

const fill = (waiting: Waiting, who: string | number): number => {
  for (let calls = 0; ; calls++) {
    try {
      waiting.enter(who);
    } catch (fault) {
      expect(fault).toBeInstanceOf(TooManyCalls);
      return calls;
    }
  }
};

test('a connection has 64 calls waiting at most, a user 256', () => {
  const waiting = new Waiting();
  expect(fill(waiting, ':1.7')).toBe(64);
  expect(fill(waiting, ':1.8')).toBe(64);
  expect(fill(waiting, 1000)).toBe(256);
});

test('who has left makes room', () => {
  const waiting = new Waiting();
  fill(waiting, ':1.7');
  waiting.leave(':1.7');
  expect(fill(waiting, ':1.7')).toBe(1);
});

test('who waits for nothing is forgotten', () => {
  const waiting = new Waiting();
  waiting.enter(':1.7');
  waiting.enter(':1.7');
  waiting.leave(':1.7');
  expect(waiting.size).toBe(1);
  waiting.leave(':1.7');
  expect(waiting.size).toBe(0);
});
