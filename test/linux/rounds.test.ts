import { expect, test } from 'vitest';
import { Rounds } from '../../src/linux/rounds.ts';

const start = () => {
  const rounds = new Rounds();
  const gone = new Set<string>();
  const heard: string[] = [];
  const watch = (name: string, onExit = () => {}) =>
    rounds.watch(
      () => gone.has(name),
      () => {
        heard.push(name);
        onExit();
      },
    );
  return { rounds, gone, heard, watch };
};

test('tells of each that is gone, once', () => {
  const { rounds, gone, heard, watch } = start();
  watch('one');
  watch('two');
  gone.add('two');
  rounds.look();
  rounds.look();
  expect(heard).toEqual(['two']);
});

test('the timer runs only while somebody waits', () => {
  const { rounds, gone, watch } = start();
  expect(rounds.waiting).toBe(false);
  const stop = watch('one');
  watch('two');
  expect(rounds.waiting).toBe(true);
  stop();
  stop();
  expect(rounds.waiting).toBe(true);
  gone.add('two');
  rounds.look();
  expect(rounds.waiting).toBe(false);
});

test('who is told may stop others, and start anew', () => {
  const { rounds, gone, heard, watch } = start();
  gone.add('one').add('two');
  let stopTwo = (): void => {};
  watch('one', () => {
    stopTwo();
    watch('one');
  });
  stopTwo = watch('two');
  rounds.look();
  expect(heard).toEqual(['one']);
  expect(rounds.waiting).toBe(true);
  rounds[Symbol.dispose]();
  expect(rounds.waiting).toBe(false);
});

test('looks by itself within a second', async () => {
  const { gone, heard, watch } = start();
  gone.add('one');
  watch('one');
  await expect.poll(() => heard, { timeout: 4000 }).toEqual(['one']);
});
