import { expect, test } from 'vitest';
import { Results } from './results.ts';

const calm = { story: 'players', hogs: 0, demoted: [], innocents: [], late: false, disturbed: true, kept: true };
const hog = { ...calm, story: 'a hog', hogs: 1, demoted: [{ ratio: 1.5 }] };

function hear(...said: object[]): Results {
  const results = new Results();
  for (const one of said) results.hear(2, JSON.stringify(one));
  return results;
}

test('a row a story, a column a machine; what was not told stays empty', () => {
  const results = hear({ protected: true }, hog, calm, { protected: false }, { ...hog, demoted: [{ ratio: 2 }] });
  expect(results.rows([1, 2])).toEqual([
    ['', '1 CPU', '2 CPUs', '1 CPU, bare', '2 CPUs, bare'],
    ['a hog', '', '1.50', '', '2.00'],
    ['players', '', 'nobody', '', ''],
  ]);
  expect(results.faults(1)).toEqual([]);
});

test('of several runs the least and the greatest, without those in which the guest stood still', () => {
  const results = hear(hog, { ...hog, demoted: [{ ratio: 1.25 }] }, { ...hog, late: true, demoted: [{ ratio: 9 }] });
  expect(results.rows([2])[1]).toEqual(['a hog', '1.25–1.50', '']);
  expect([results.repeated, results.told]).toEqual([1, 3]);
  expect(results.faults(2)).toEqual([]);
});

const faults: readonly (readonly [title: string, said: object, fault: RegExp])[] = [
  ['a hog that stayed', { ...hog, demoted: [] }, /0 of 1 hogs demoted/],
  ['an innocent that did not', { ...calm, innocents: [{ ratio: 1 }] }, /innocent threads demoted/],
  ['a crash', { story: 'a hog', crashed: 'Aborted' }, /it crashed: Aborted/],
  ['a thread demoted in silence', { ...calm, kept: false }, /without a word/],
  ['a machine nothing happened to', { ...calm, disturbed: false }, /what was to happen/],
  ['no run that counts', { ...hog, late: true }, /stood still each time/],
];
for (const [title, said, fault] of faults)
  test(`${title} is a fault, and says where`, () => {
    const found = hear({ protected: false }, said).faults(1);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(fault);
    expect(found[0]).toMatch(/, 2 CPUs, bare: /);
  });

test('who is demoted while the guest stands still is told, and no fault', () => {
  const results = hear({ ...hog, late: true, innocents: [{ ratio: 1 }] }, hog);
  expect(results.mistaken).toEqual(['a hog: [{"ratio":1}]']);
  expect(results.faults(1)).toEqual([]);
});

test("who touches the kernel's own threads is found out", () => {
  expect(hear({ kernelThreads: 9, changed: 0 }).faults(1)).toEqual([]);
  expect(hear({ kernelThreads: 9, changed: 1 }).faults(1)).toEqual(['1 of 9 kernel threads run otherwise, 2 CPUs']);
  expect(hear({ kernelThreads: 0, changed: 0 }).faults(1)).toHaveLength(1);
});
