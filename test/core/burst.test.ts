import { expect, test } from 'vitest';
import { TokenBuckets } from '../../src/core/burst.ts';
import { defaultBurst } from '../../src/core/limits.ts';

/** One key, and what happens to it: at so many msec, so many requests are let through before one must wait so long. */
type Story = ReadonlyArray<readonly [atMsec: number, through: number, waitMsec: number]>;

const stories: ReadonlyArray<readonly [title: string, capacity: number, refillPerSec: number, Story]> = [
  ['lets the whole capacity through at once', 32, 4, [[0, 32, 250]]],
  [
    'lets one through each time a token is back',
    3,
    4,
    [
      [0, 3, 250],
      [249, 0, 1],
      [250, 1, 250],
      [499, 0, 1],
      [500, 1, 250],
    ],
  ],
  [
    'gives back what is due in the time between',
    10,
    4,
    [
      [0, 10, 250],
      [1000, 4, 250],
      [1500, 2, 250],
    ],
  ],
  [
    'never holds more than its capacity',
    3,
    4,
    [
      [0, 3, 250],
      [3_600_000, 3, 250],
    ],
  ],
  [
    'counts parts of a token',
    1,
    4,
    [
      [0, 1, 250],
      [100, 0, 150],
      [250, 1, 250],
    ],
  ],
  [
    'rounds the wait up, so that it is enough',
    1,
    3,
    [
      [0, 1, 334],
      [333, 0, 1],
      [334, 1, 334],
    ],
  ],
  [
    'works for a refill below one a second',
    1,
    0.5,
    [
      [0, 1, 2000],
      [1999, 0, 1],
      [2000, 1, 2000],
    ],
  ],
  [
    'gives nothing for a clock that steps back',
    2,
    4,
    [
      [5000, 2, 250],
      [1000, 0, 250],
    ],
  ],
];

/** A wait may be a msec longer than it must, because tokens are fractions; never shorter. */
function expectAbout(waitMsec: number, dueMsec: number, when: string): void {
  expect(waitMsec, when).toBeGreaterThanOrEqual(dueMsec);
  expect(waitMsec, when).toBeLessThanOrEqual(dueMsec + 1);
}

for (const [title, capacity, refillPerSec, story] of stories) {
  test(`a bucket ${title}`, () => {
    const buckets = new TokenBuckets<string>(capacity, refillPerSec);
    for (const [atMsec, through, waitMsec] of story) {
      for (let taken = 0; taken < through; taken++) {
        expect(buckets.left('a', atMsec), `at ${atMsec}, left`).toBe(through - taken);
        expect(buckets.take('a', atMsec), `at ${atMsec}, request ${taken}`).toBe(0);
      }
      expect(buckets.left('a', atMsec), `at ${atMsec}, left`).toBe(0);
      expectAbout(buckets.take('a', atMsec), waitMsec, `at ${atMsec}, the wait`);
    }
  });
}

test('who must wait spends nothing by asking', () => {
  const buckets = new TokenBuckets<string>(1, 4);
  buckets.take('a', 0);
  for (let atMsec = 0; atMsec < 250; atMsec++) expectAbout(buckets.take('a', atMsec), 250 - atMsec, `at ${atMsec}`);
  expect(buckets.take('a', 250)).toBe(0);
});

test('who waits as long as he was told is let through, whatever the numbers', () => {
  const inVain: string[] = [];
  for (let refillPerSec = 1; refillPerSec <= 1000; refillPerSec++) {
    const buckets = new TokenBuckets<string>(3, refillPerSec);
    let nowMsec = 1_700_000_000.123;
    for (let request = 0; request < 200; request++) {
      const waitMsec = buckets.take('a', nowMsec);
      if (waitMsec === 0) continue;
      nowMsec += waitMsec;
      if (buckets.take('a', nowMsec) !== 0) inVain.push(`refill ${refillPerSec}, request ${request}`);
    }
  }
  expect(inVain).toEqual([]);
});

test('in the long run nobody gets more than the refill', () => {
  const { userRequests, userRefillPerSec } = defaultBurst;
  const buckets = new TokenBuckets<string>(userRequests, userRefillPerSec);
  let through = 0;
  for (let nowMsec = 0; nowMsec <= 60_000; nowMsec += 7) if (buckets.take('a', nowMsec) === 0) through++;
  expect(through).toBe(userRequests + 60 * userRefillPerSec - 1);
});

test('one key is not another', () => {
  const buckets = new TokenBuckets<string>(1, 4);
  expect(buckets.take('a', 0)).toBe(0);
  expect(buckets.take('b', 0)).toBe(0);
  expect(buckets.take('a', 0)).toBe(250);
});

test('looking costs nothing and is not remembered', () => {
  const buckets = new TokenBuckets<string>(32, 4);
  expect(buckets.left('a', 0)).toBe(32);
  expect(buckets.size).toBe(0);
});

test('a crowd that asks once is forgotten when its buckets are full again', () => {
  const buckets = new TokenBuckets<number>(32, 4);
  for (let key = 0; key < 100_000; key++) buckets.take(key, key);
  // 250 ms until a bucket is full again, one a msec, and at most twice that before it is looked at.
  expect(buckets.size).toBeLessThanOrEqual(502);
});

test('a key whose bucket is not full is never forgotten', () => {
  const buckets = new TokenBuckets<number>(2, 4);
  buckets.take(-1, 0);
  buckets.take(-1, 0);
  for (let key = 0; key < 10_000; key++) buckets.take(key, 0);
  expect(buckets.take(-1, 0)).toBe(250);
});
