import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromRoot } from '../rig/paths.ts';
import { titlesIn } from '../rig/titles.ts';
import { settings } from './unit.ts';

test('every line of the unit is tried, and none that is not there', () => {
  const unit = readFileSync(fromRoot('systemd/realtime-broker.service'), 'utf8');
  const lines = unit.split('\n').filter((line) => /^[^#[]/.test(line));
  expect(settings.flatMap((setting) => setting.lines).sort()).toEqual(lines.sort());
});

for (const { lines, might, tests } of settings)
  describe(`${lines.map((line) => line.split('=', 1)[0]).join(', ')}, which might ${might},`, () => {
    for (const [file, says] of tests)
      test(`is tried by '${says}'`, () => {
        const titles = titlesIn(`test/system/guest/${file}.ts`);
        expect(titles.filter((title) => title.includes(says))).toHaveLength(1);
      });
  });
