import { expect, test } from 'vitest';
import { fuzz } from '../fuzz/fuzz.ts';

// npm run fuzz sends as many as one likes.
test('nonsense from two users is answered once each, and changes nothing that is none of theirs', {
  retry: 0,
}, async () => {
  const report = await fuzz(3000, 20_260_101);
  const { messages, answered, bystander, descriptors } = report;
  console.log(JSON.stringify({ messages, answered, bystander, descriptors }));
  expect(report.findings).toEqual([]);
  expect(report.answered).toBeGreaterThan(2000);
  expect(report.hungUp).toBeGreaterThan(0);
  expect(report.outcomes.size).toBeGreaterThan(10);
});
