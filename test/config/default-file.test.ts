import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultFile } from '../../src/config/default-file.ts';
import { allKeys, keys, tables } from '../../src/config/keys.ts';
import { parseConfig } from '../../src/config/settings.ts';
import { defaultCanary } from '../../src/core/canary.ts';
import { defaultBurst, defaultLimits } from '../../src/core/limits.ts';

const installed = new URL('../../systemd/realtime-broker.toml', import.meta.url).pathname;

// Run vitest with -u to write the file anew after a change of the table.
test('the installed file is the one the table makes', async () => {
  expect(existsSync(installed)).toBe(true);
  await expect(defaultFile()).toMatchFileSnapshot(installed);
});

const text = readFileSync(installed, 'utf8');

test('the installed file changes nothing', () => {
  expect(parseConfig(text, 'f')).toEqual(parseConfig('', 'f'));
});

test('its commented lines, made live, are the defaults, and every key is among them', () => {
  const settings = parseConfig(text.replace(/^#(?=\w+ = )/gm, ''), 'f');
  expect(settings).toMatchObject({ limits: defaultLimits, burst: defaultBurst });
  expect(settings.rows.filter(({ origin }) => origin === undefined)).toEqual([]);
});

test('each key is told of above its line', () => {
  for (const key of allKeys) {
    const leaf = key.slice(key.indexOf('.') + 1);
    const lines = text.slice(text.indexOf(`[${key.split('.')[0]}]`)).split('\n');
    const at = lines.findIndex((line) => line.startsWith(`#${leaf} = `));
    expect(lines[at - 1], key).toContain(keys[key].doc);
  }
});

test('what it says about a key is one line that ends like a sentence', () => {
  for (const doc of [...allKeys.map((key) => keys[key].doc), ...Object.values(tables)]) {
    expect(doc).toMatch(/^[A-Z].*\.$/);
    expect(doc.length).toBeLessThan(120);
  }
});

test('every default lies within its range', () => {
  for (const key of allKeys) {
    const row = keys[key];
    if (row.kind !== 'integer' && row.kind !== 'float') continue;
    expect(row.default, key).toBeGreaterThanOrEqual(row.min);
    expect(row.default, key).toBeLessThanOrEqual(row.max);
  }
});

test('a limit has the same name in the file and in the code', () => {
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const named = (table: string) =>
    allKeys.filter((key) => key.startsWith(`${table}.`)).map((key) => camel(key.slice(table.length + 1)));
  // The policy has a table of its own, [rttime].
  expect(named('limits')).toEqual(Object.keys(defaultLimits).filter((name) => name !== 'rttimePolicy'));
  expect(named('burst')).toEqual(Object.keys(defaultBurst));
  expect(named('canary')).toEqual(Object.keys(defaultCanary));
});
