import { expect, test } from 'vitest';
import { Turns } from '../src/turns.ts';

const start = () => {
  const turns = new Turns();
  const taken: string[] = [];
  const take = (name: string, whose?: string) => void turns.next(whose).then(() => taken.push(name));
  return { taken, take };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('turns are taken one a turn of the event loop, in order', async () => {
  const { taken, take } = start();
  for (const name of ['a', 'b', 'c']) take(name);
  expect(taken).toEqual([]);
  for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    await turn();
    expect(taken).toEqual(expected);
  }
});

test('each who waits has his turn before anybody has another', async () => {
  const { taken, take } = start();
  for (const name of ['a1', 'a2', 'a3', 'a4']) take(name, 'alice');
  for (const name of ['b1', 'b2']) take(name, 'bob');
  await turn();
  take('c1', 'carol');
  for (let n = 0; n < 6; n++) await turn();
  expect(taken).toEqual(['a1', 'b1', 'a2', 'c1', 'b2', 'a3', 'a4']);
});

test('after a pause they go on', async () => {
  const { taken, take } = start();
  take('a');
  await turn();
  await turn();
  take('b');
  await turn();
  expect(taken).toEqual(['a', 'b']);
});
