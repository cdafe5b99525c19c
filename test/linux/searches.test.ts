import { beforeEach, expect, test } from 'vitest';
import type { Uid } from '../../src/core/thread.ts';
import { type Found, Searches } from '../../src/linux/searches.ts';
import { refusal } from '../contracts/refusal.ts';
import { alice, bob } from '../contracts/stage.ts';

const users = (count: number): Uid[] => Array.from({ length: count }, (_, n) => (30_000 + n) as Uid);
const ids = (count: number): number[] => Array.from({ length: count }, (_, n) => 1000 + n);
const turn = () => new Promise((resolve) => setImmediate(resolve));

let searches: Searches;
let looks: string[];
beforeEach(() => {
  searches = new Searches();
  looks = [];
});

/** Everybody is called by his last three digits. */
const search = (uid: Uid, of: string, among = ids(3)): Promise<Found> =>
  searches.find(
    uid,
    of,
    async () => {
      looks.push(`${uid} lists ${of}`);
      return among;
    },
    (id) => {
      looks.push(`${uid} looks`);
      return id % 1000;
    },
  );

/** How many entries are read in each turn, until all is done. */
async function looksPerTurn(under: readonly Promise<unknown>[]): Promise<number[]> {
  let done = false;
  void Promise.all(under).then(() => (done = true));
  const perTurn: number[] = [];
  while (!done) {
    const before = looks.length;
    await turn();
    perTurn.push(looks.length - before);
  }
  return perTurn;
}

test('finds everyone by what he is called, namesakes together, and leaves out who is not meant', async () => {
  const list = async () => [1, 2, 3, 11];
  const found = await searches.find(alice, 'all', list, (id) => (id === 3 ? undefined : id % 10));
  expect([...found]).toEqual([
    [1, [1, 11]],
    [2, [2]],
  ]);
});

test('however many search, few entries are read in one turn of the event loop', async () => {
  const under = users(20).flatMap((uid) => [search(uid, 'one', ids(100)), search(uid, 'other', ids(100))]);
  const perTurn = await looksPerTurn(under);
  expect(looks.length).toBeGreaterThan(4000);
  // Two turns of theirs can fall between two of ours.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 33);
});

test('one user with many long searches does not keep another waiting', async () => {
  const long = ids(16).map((n) => search(alice, `process ${n}`, ids(1000)));
  await turn();
  await search(bob, 'his', ids(64));
  const alices = looks.filter((look) => look.startsWith(`${alice} looks`)).length;
  expect(alices).toBeLessThan(1000);
  await Promise.all(long);
});

test('searches of one user are made one after the other', async () => {
  await Promise.all([search(alice, 'one', ids(2)), search(alice, 'other', ids(2))]);
  const [looked] = [`${alice} looks`];
  expect(looks).toEqual([`${alice} lists one`, looked, looked, `${alice} lists other`, looked, looked]);
});

test('who asks what another of the same user still waits for is answered with him', async () => {
  const under = Array.from({ length: 200 }, () => search(alice, 'same'));
  const founds = await Promise.all(under);
  expect(new Set(founds).size).toBe(1);
  expect(looks.filter((look) => look.includes('lists'))).toHaveLength(1);
});

test('many who share an answer go on with it one a turn, and another user is answered in between', async () => {
  let answered = 0;
  const under = Array.from({ length: 200 }, () => search(alice, 'same').then(() => answered++));
  const perTurn: number[] = [];
  const bobs = search(bob, 'his', ids(320)).then(() => answered);
  while (answered < 200) {
    const before = answered;
    await turn();
    perTurn.push(answered - before);
  }
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2);
  expect(await bobs).toBeLessThan(50);
  await Promise.all(under);
});

test('users do not share', async () => {
  const [hers, his] = await Promise.all([search(alice, 'same'), search(bob, 'same')]);
  expect(hers).not.toBe(his);
});

test('a search that has begun answers nobody else: what he looks for may have come since', async () => {
  const among = ids(3);
  const first = search(alice, 'same', among);
  while (looks.length === 0) await turn();
  const second = search(alice, 'same', [...among, 1999]);
  expect((await first).has(999)).toBe(false);
  expect((await second).has(999)).toBe(true);
});

test('sixteen of a user wait, a further one is refused, and another user is not', async () => {
  const waiting = ids(16).map((n) => search(alice, `process ${n}`));
  expect(await refusal(() => search(alice, 'one more'))).toMatchObject({
    reason: 'no-such-thread',
    what: expect.stringContaining('16 searches'),
  });
  void search(alice, 'process 1000');
  await search(bob, 'one more');
  await Promise.all(waiting);
  await search(alice, 'one more');
});

test('one that fails fails for those who asked, and for nobody after them', async () => {
  const failing = () =>
    searches.find(
      alice,
      'same',
      () => Promise.reject(new Error('no more descriptors')),
      (id) => id,
    );
  const outcomes = await Promise.allSettled([failing(), failing(), search(alice, 'other')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect((await search(alice, 'same')).size).toBe(3);
});

test('nothing is kept of who has been answered', async () => {
  await Promise.all(users(50).map((uid) => search(uid, 'all')));
  await turn();
  expect(searches.size).toBe(0);
});
