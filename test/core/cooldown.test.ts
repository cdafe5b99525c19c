import { expect, test } from 'vitest';
import { Cooldowns } from '../../src/core/cooldown.ts';
import { aThread } from './threads.ts';

const hog = aThread({ pid: 500 }).process;
const other = aThread({ pid: 600 }).process;
const sec = 1000;

test('an offender waits, and nobody else', () => {
  const cooldowns = new Cooldowns(30);
  cooldowns.note(hog, 100 * sec);
  expect(cooldowns.left(hog, 100 * sec)).toBe(30 * sec);
  expect(cooldowns.left(hog, 129 * sec)).toBe(1 * sec);
  expect(cooldowns.left(hog, 130 * sec)).toBe(0);
  expect(cooldowns.left(other, 100 * sec)).toBe(0);
});

test('each repeat doubles the wait, up to ten minutes', () => {
  const cooldowns = new Cooldowns(30);
  const waits: number[] = [];
  for (let now = 0, n = 0; n < 8; n++) {
    cooldowns.note(hog, now);
    waits.push(cooldowns.left(hog, now) / sec);
    now += cooldowns.left(hog, now);
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600, 600]);
});

test('threads that fall one after the other are one offence, and the last of them is waited for', () => {
  const cooldowns = new Cooldowns(30);
  for (let now = 0; now < 20; now++) cooldowns.note(hog, now * sec);
  expect(cooldowns.left(hog, 19 * sec)).toBe(30 * sec);
  cooldowns.note(hog, 49 * sec);
  expect(cooldowns.left(hog, 49 * sec)).toBe(60 * sec);
});

test('after an hour of good conduct the next offence is a first one', () => {
  const cooldowns = new Cooldowns(30);
  cooldowns.note(hog, 0);
  cooldowns.note(hog, (30 + 3599) * sec);
  expect(cooldowns.left(hog, (30 + 3599) * sec)).toBe(60 * sec);

  const forgiving = new Cooldowns(30);
  forgiving.note(hog, 0);
  forgiving.note(hog, (30 + 3600) * sec);
  expect(forgiving.left(hog, (30 + 3600) * sec)).toBe(30 * sec);
});

test('a process that has the pid of an offender is another one', () => {
  const cooldowns = new Cooldowns(30);
  cooldowns.note(hog, 0);
  expect(cooldowns.left(aThread({ pid: 500, starttime: 9999n }).process, 0)).toBe(0);
});
