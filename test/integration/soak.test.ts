import { expect, test } from 'vitest';
import { soak } from '../soak/soak.ts';

// npm run soak does the same for as long as one likes, with hogs.
test('restarts, polkit’s absences, exec, floods and nonsense leave ledger, roster and kernel of one mind', {
  timeout: 120_000,
}, async () => {
  const report = await soak({ minutes: 0.15, seed: 20_260_101, hogs: false });
  expect(report.findings).toEqual([]);
  expect(report.audits).toBeGreaterThan(0);
  expect(report.outcomes.get('granted')).toBeGreaterThan(0);
  expect(report.left).toEqual({ watched: 0, pidfds: 0 });
});
