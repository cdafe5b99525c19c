import { describe, expect, test } from 'vitest';
import { starveCases } from './cases.ts';
import { parseOptions } from './options.ts';
import type { Run } from './run.ts';
import { askedAgain, summarize, table } from './table.ts';

const one = (demotedMsec: number | undefined, more: Partial<Run> = {}): Run => ({
  demotedMsec,
  innocentsDemoted: 0,
  lateMsec: 10,
  grantedAgain: 0,
  askedAgain: 0,
  share: 1,
  ...more,
});
const hundred = Array.from({ length: 100 }, (_, index) => one(index + 1));

describe('a summary', () => {
  test('counts a run in which nobody was demoted as one without end', () => {
    expect(summarize([one(400), one(500), one(undefined)])).toMatchObject({
      runs: 3,
      demoted: 2,
      p50: 500,
      p99: Infinity,
    });
  });

  test('bears one such run of a hundred, and not two', () => {
    expect(summarize([...hundred.slice(1), one(undefined)]).p99).toBe(100);
    expect(summarize([...hundred.slice(2), one(undefined), one(undefined)]).p99).toBe(Infinity);
  });

  test('adds up who was demoted for nothing', () => {
    expect(summarize([one(1, { innocentsDemoted: 2 }), one(2, { innocentsDemoted: 1 })]).innocentsDemoted).toBe(3);
  });
});

test('the table says never, and nothing of what was not run', () => {
  const rows = [{ name: 'a hog', runs: { rtkit: [one(undefined)], broker: [] } }];
  expect(table(rows).split('\n').at(-1)).toMatch(/^\| a hog +\| 1 +\| never +\| never +\| 0 +\| 10 ms +\| -/);
});

test('what came of asking again is told if somebody did', () => {
  const row = (runs: readonly Run[]) => [{ name: 'a hog', runs: { rtkit: [], broker: runs } }];
  expect(askedAgain(row([one(1)]))).toBeUndefined();
  expect(askedAgain(row([one(1, { askedAgain: 30, grantedAgain: 1 })]))).toContain(
    'again 30 times, and got it 1 times',
  );
});

test('options: how many runs, of which cases', () => {
  expect(parseOptions([])).toMatchObject({ runs: 5, rtkitRuns: 1, only: [] });
  expect(parseOptions(['--long', '--only', '2', '--only', '7'])).toMatchObject({
    runs: 100,
    rtkitRuns: 5,
    only: [2, 7],
  });
  expect(() => parseOptions(['--only', `${starveCases.length + 1}`])).toThrow(
    /--only: '\d+' is not a number from 1 to/,
  );
  expect(() => parseOptions(['--runs', 'many'])).toThrow(/--runs/);
});
