import { beforeEach, expect, test } from 'vitest';
import type { OpenJournal } from '../../src/journal/journal.ts';
import { later } from '../../src/journal/later.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

let told: string[];
let journal: OpenJournal;
beforeEach(() => {
  told = [];
  const at = (level: string) => (text: string) => void told.push(`${level} ${text}`);
  journal = later({
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    setLevel: at('level'),
    [Symbol.dispose]: () => void told.push('closed'),
  });
});

test('what is said in a turn is told at its end, in order, and once', async () => {
  journal.info('a');
  journal.error('b');
  await Promise.resolve();
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual(['info a', 'error b']);
  journal.warning('c');
  await turn();
  expect(told).toEqual(['info a', 'error b', 'warning c']);
});

test('what is still to be told when it is closed is told before', async () => {
  journal.debug('a');
  journal[Symbol.dispose]();
  await turn();
  expect(told).toEqual(['debug a', 'closed']);
});
