import { beforeEach, expect, test } from 'vitest';
import type { Pid, Process, StartTime, Uid } from '../../src/core/thread.ts';
import { Memory } from '../../src/polkit/memory.ts';

const subject: Process = { pid: 42 as Pid, starttime: 7n as StartTime, uid: 1000 as Uid };

let nowMsec: number;
let memory: Memory;
beforeEach(() => {
  nowMsec = 1_000_000;
  memory = new Memory(2000, () => nowMsec);
});

const yes = (process = subject, action = 'a') => memory.asking(process, action)();

test('a yes is remembered for its time, from when it was asked', () => {
  const remember = memory.asking(subject, 'a');
  nowMsec += 500;
  remember();
  nowMsec += 1499;
  expect(memory.allows(subject, 'a')).toBe(true);
  nowMsec += 1;
  expect(memory.allows(subject, 'a')).toBe(false);
});

for (const [title, other, action] of [
  ['another action', subject, 'b'],
  ['another process', { ...subject, pid: 43 as Pid }, 'a'],
  ['another process with the same pid', { ...subject, starttime: 8n as StartTime }, 'a'],
  ['the process when it has another uid', { ...subject, uid: 0 as Uid }, 'a'],
] as const)
  test(`it says nothing of ${title}`, () => {
    yes();
    expect(memory.allows(other, action)).toBe(false);
  });

test('a change makes all of it void, and what was asked before the change too', () => {
  yes();
  const remember = memory.asking(subject, 'b');
  memory.forget();
  remember();
  expect(memory.allows(subject, 'a')).toBe(false);
  expect(memory.allows(subject, 'b')).toBe(false);
  yes();
  expect(memory.allows(subject, 'a')).toBe(true);
});

test('an answer that took longer than it would be remembered is not', () => {
  const remember = memory.asking(subject, 'a');
  nowMsec += 2000;
  remember();
  expect(memory.size).toBe(0);
});

test('with no time to remember nothing is remembered', () => {
  memory = new Memory(0, () => nowMsec);
  yes();
  expect(memory.allows(subject, 'a')).toBe(false);
  expect(memory.size).toBe(0);
});

test('however many ask, it does not grow beyond its bound, and keeps the latest', () => {
  for (let pid = 1; pid <= 5000; pid++) yes({ ...subject, pid: pid as Pid });
  expect(memory.size).toBe(1024);
  expect(memory.allows({ ...subject, pid: 5000 as Pid }, 'a')).toBe(true);
  expect(memory.allows({ ...subject, pid: 1 as Pid }, 'a')).toBe(false);
});

test('what has expired makes room', () => {
  for (let pid = 1; pid <= 100; pid++) yes({ ...subject, pid: pid as Pid });
  nowMsec += 2000;
  yes();
  expect(memory.size).toBe(1);
});
