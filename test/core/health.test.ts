import { expect, test } from 'vitest';
import { Health, meaningOf, noCanaryOn } from '../../src/core/health.ts';

test('words come and go, and each change is told once', () => {
  const health = new Health();
  const seen: (readonly string[])[] = [];
  health.onChange = () => seen.push(health.degraded);
  for (const degraded of [true, true, false, false]) health.set('no-watchdog', degraded);
  expect(seen).toEqual([['no-watchdog'], []]);
});

test('the words are sorted', () => {
  const health = new Health();
  for (const word of ['polkit-unavailable', noCanaryOn(3), 'no-realtime']) health.set(word, true);
  expect(health.degraded).toEqual(['no-canary-on-cpu-3', 'no-realtime', 'polkit-unavailable']);
});

const rows: readonly (readonly [word: string, meaning: RegExp])[] = [
  ['no-watchdog', /^The watchdog may not have its priority/],
  [noCanaryOn(12), /on CPU 12 .*\(AllowedCPUs=\)/],
  ['no-canary-on-cpu-x', /^Nothing is known/],
  ['toString', /^Nothing is known/],
];
for (const [word, meaning] of rows)
  test(`${word} means something to people`, () => expect(meaningOf(word)).toMatch(meaning));
