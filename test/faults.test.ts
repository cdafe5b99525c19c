import { describe, expect, test } from 'vitest';
import { faults } from './faults.ts';
import { titlesIn } from './rig/titles.ts';

for (const { fault, promise, tests } of faults)
  describe(`${fault}: ${promise}`, () => {
    for (const [file, says] of tests)
      test(`${file} has '${says}'`, () => {
        expect(titlesIn(file).filter((title) => title.includes(says)).length).toBeGreaterThan(0);
      });
  });
