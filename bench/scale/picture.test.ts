import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { picture } from './picture.ts';
import { within } from './room.ts';
import type { Step } from './step.ts';
import { summary, table } from './table.ts';
import { faultsOf } from './wellformed.ts';

const step = (held: number, p50: number, list: number): Step => ({
  held,
  grant: { p50, p99: 2 * p50 },
  crowded: { p50, p99: 3 * p50, perSec: 1000 },
  property: { p50: 0.25, p99: 0.5 },
  list,
  residentMiB: 50 + held / 512,
  cpu: { broker: 0.5, bus: 0.25, polkitd: 0.125 },
  rest: { cpuMsec: 0, wakeups: 0 },
});

const steps = [step(0, 1, Number.NaN), step(512, 1.25, 20), step(0, 1, Number.NaN)];

test('a picture has a panel for each figure, a curve for each of its lines, and nothing that is no number', () => {
  const svg = picture(steps, 'Linux <6.18> & 2 CPUs');
  expect(faultsOf(svg)).toEqual([]);
  expect(svg.match(/class="title"/g)).toHaveLength(6);
  expect(svg.match(/class="line /g)).toHaveLength(9);
  expect(svg.match(/class="ring /g)).toHaveLength(8);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).toContain('Linux &lt;6.18&gt; &amp; 2 CPUs');
});

test('a curve lies where its figures are: the greatest not above the axis, nothing below it', () => {
  const heights = [...picture(steps, '').matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(34);
  expect(Math.max(...heights)).toBeLessThanOrEqual(186);
});

test('a table has a column a step, and leaves empty what was not measured', () => {
  const lines = table(steps).split('\n');
  expect(lines[0]).toBe('| threads held | 0 | 512 | 0 again |');
  expect(lines).toContain('| ListGrants of everything, p50, ms |  | 20.0 |  |');
  expect(summary(steps)).toContain('1.25 times as long as with none at p50, 1.25 times at p99');
  expect(summary(steps)).toContain('2.0 KiB');
});

const limits = (soft: number) => `Max open files            ${soft}                ${soft}                files`;

test('where there are too few descriptors the last step is as high as they allow, and that is told', () => {
  expect(within([100, 10_000], limits(67_584))).toEqual({ held: [100, 10_000], note: undefined });
  const { held, note } = within([100, 3000, 8000, 10_000], limits(20_000));
  expect(held).toEqual([100, 3000, 4444]);
  expect(note).toContain('4444');
});

for (const args of [
  ['--held', '0'],
  ['--held', '100', '--held', '100'],
  ['--users', '1e3'],
  ['--connections', ''],
])
  test(`'${args.join(' ')}' is refused`, () => {
    expect(() => parseOptions(args)).toThrow(TypeError);
  });
