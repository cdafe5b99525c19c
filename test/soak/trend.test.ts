import { expect, test } from 'vitest';
import { Trend } from './trend.ts';

test('a line rises by as much as it does, and one that stays stays', () => {
  const [rising, flat] = [new Trend(), new Trend()];
  for (let minute = 0; minute < 8; minute++) {
    rising.add(minute, 10 + 2 * minute);
    flat.add(minute, 5);
  }
  expect([rising.slope, flat.slope]).toEqual([2, 0]);
  expect([rising.ends, flat.ends]).toEqual([
    [12, 24],
    [5, 5],
  ]);
});
