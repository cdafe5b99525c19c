import { expect, test } from 'vitest';
import { killAgainAndAgain } from '../kills/kills.ts';

// npm run test:kills does the same a thousand times. Not tried again: what is lost once is lost.
test('killed at random instants under load, the broker loses nothing, grants nothing twice, and leaves nobody unsupervised', {
  retry: 0,
  timeout: 120_000,
}, async () => {
  const report = await killAgainAndAgain(15, 20_260_101);
  const { kills, early, adopted, outcomes } = report;
  console.log(JSON.stringify({ kills, early, adopted, outcomes: Object.fromEntries(outcomes) }));
  expect(report.found).toEqual({ lost: [], twice: [], unsupervised: [], other: [] });
  expect(report.adopted).toBeGreaterThan(0);
  expect(report.outcomes.get('granted')).toBeGreaterThan(0);
});
