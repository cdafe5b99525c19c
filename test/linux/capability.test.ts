import { expect, test } from 'vitest';
import { mayLimitOthers } from '../../src/linux/capability.ts';

test.each([
  ['all of them', '000001ffffffffff', true],
  ['that one alone', '0000000001000000', true],
  ['all but that one', '000001fffeffffff', false],
  ['none', '0000000000000000', false],
])('whoever has %s may set the limits of others, or not', (_, effective, may) => {
  expect(mayLimitOthers(`CapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nCapBnd:\t000001ffffffffff\n`)).toBe(may);
});
