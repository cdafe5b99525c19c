import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { starveCases } from './cases.ts';
import { describeMeasured, type Measured, merge, read, write } from './measured.ts';
import type { Run } from './run.ts';

const one = (demotedMsec: number | undefined): Run => ({
  demotedMsec,
  innocentsDemoted: 0,
  lateMsec: 10,
  grantedAgain: 0,
  askedAgain: 0,
  share: 1,
});
const [first, second] = starveCases as unknown as readonly [{ name: string }, { name: string }];
const machine = { date: '2026-01-01', kernel: '6.18', cpus: 2, cpuModel: 'a CPU', node: '20.19', packages: {} };
const measured = (name: string, broker: readonly Run[], more: Partial<Measured> = {}): Measured => ({
  machine,
  noises: [0],
  spoilt: 0,
  rows: [{ name, runs: { rtkit: [], broker } }],
  ...more,
});

test('what is written is read again, with the runs that came to nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'measured-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'one.json');
  const before = measured(first.name, [one(400), one(undefined)]);
  write(file, before);
  expect(read(file)).toEqual(before);
});

test('cases measured one by one become one table, in their order, and runs of one case count together', () => {
  const parts = [measured(second.name, [one(1)]), measured(first.name, [one(2)]), measured(second.name, [one(3)])];
  expect(merge(parts).rows.map(({ name, runs }) => [name, runs.broker.map(({ demotedMsec }) => demotedMsec)])).toEqual([
    [first.name, [2]],
    [second.name, [1, 3]],
  ]);
});

test('how often others were there, and what was repeated, is added up and told', () => {
  const whole = merge([
    measured(first.name, [one(1)], { noises: [0.01, 0.3], spoilt: 1 }),
    measured(first.name, [one(1)], { noises: [0.06], spoilt: 2, machine: { ...machine, date: '2026-01-02' } }),
  ]);
  expect(describeMeasured(whole)).toContain(
    'before 2 of 3 blocks of runs others used more than 5 % of the CPUs, at most 30 %.',
  );
  expect(describeMeasured(whole)).toContain('3 runs were repeated');
  expect(describeMeasured(measured(first.name, [one(1)]))).not.toMatch(/QUIET|repeated/);
});

test('what other programs did is no part of it', () => {
  const other = measured(first.name, [one(1)], { machine: { ...machine, node: '24.1' } });
  expect(() => merge([measured(first.name, [one(1)]), other])).toThrow(/different/);
});
