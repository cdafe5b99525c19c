import { beforeEach, describe, expect, test } from 'vitest';
import type { Uid } from '../../src/core/thread.ts';
import { Line } from '../../src/polkit/line.ts';

/** What has a place, in the order it got it, as "USER NUMBER". */
let started: string[];
let ends: Map<string, () => void>;
let line: Line;
beforeEach(() => {
  started = [];
  ends = new Map();
  line = new Line();
});

const enter = (user: number, number: number) =>
  line.enter(user as Uid, () => {
    started.push(`${user} ${number}`);
    return new Promise<void>((resolve) => ends.set(`${user} ${number}`, resolve));
  });
const flood = (user: number, count = 64) => Array.from({ length: count }, (_, number) => enter(user, number));
/** It gives its place back. */
const end = async (what: string) => {
  ends.get(what)?.();
  ends.delete(what);
  await new Promise((resolve) => setImmediate(resolve));
};
const endAll = async () => {
  while (ends.size > 0) for (const what of [...ends.keys()]) await end(what);
};
const of = (user: number) => started.filter((what) => what.startsWith(`${user} `));

describe('places', () => {
  test('are taken at once while there are some', () => {
    enter(1, 0);
    expect(started).toEqual(['1 0']);
  });

  test('of one user are 16', () => {
    flood(1);
    expect(started).toHaveLength(16);
  });

  test('are 96 in all, well below the 128 replies a connection may wait for', () => {
    for (let user = 0; user < 20; user++) flood(user);
    expect(started).toHaveLength(96);
  });

  test('that are free again are taken, in order, until nobody waits', async () => {
    flood(1);
    await endAll();
    expect(started).toEqual(Array.from({ length: 64 }, (_, number) => `1 ${number}`));
    expect(line.size).toBe(0);
  });

  test('are free again when what had them failed', async () => {
    for (let number = 0; number < 40; number++)
      line.enter(1 as Uid, async () => {
        started.push('1');
        throw new Error('no');
      });
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toHaveLength(40);
    expect(line.size).toBe(0);
  });

  test('are there for others, however much two ask', () => {
    flood(1);
    flood(2);
    enter(3, 0);
    expect(of(3)).toEqual(['3 0']);
  });
});

describe('turns', () => {
  test('go round by user: who comes last waits for one turn of each other, not for all they asked before', async () => {
    for (let user = 0; user < 6; user++) flood(user);
    flood(7);
    flood(8);
    started = [];
    for (const number of [0, 1]) for (let user = 0; user < 6; user++) await end(`${user} ${number}`);
    expect(started.slice(0, 8)).toEqual(['0 16', '1 16', '2 16', '3 16', '4 16', '5 16', '7 0', '8 0']);
  });

  test('of a user come one at a time when places are free at once', async () => {
    for (let user = 0; user < 6; user++) flood(user, 16);
    flood(7, 4);
    flood(8, 4);
    started = [];
    for (let number = 0; number < 8; number++) await end(`0 ${number}`);
    expect(started.map((what) => what[0])).toEqual(['7', '8', '7', '8', '7', '8', '7', '8']);
  });
});

describe('leaving the line', () => {
  test('is possible until it is one’s turn', async () => {
    const leave = flood(1, 18);
    expect(leave[16]?.()).toBe(true);
    expect(leave[16]?.()).toBe(false);
    expect(leave[0]?.()).toBe(false);
    await endAll();
    expect(started).toHaveLength(17);
    expect(started).not.toContain('1 16');
    expect(line.size).toBe(0);
  });

  test('forgets a user nothing more is known of', () => {
    for (let user = 0; user < 6; user++) flood(user, 16);
    const leave = enter(7, 0);
    expect(line.size).toBe(7);
    leave();
    expect(line.size).toBe(6);
  });
});
