import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStateDirectory } from '../../src/state/directory.ts';

const root = mkdtempSync(join(tmpdir(), 'state-'));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string): string => join(root, name);

test('is made when it is missing, for nobody else', () => {
  openStateDirectory(at('new/deep'));
  expect(statSync(at('new/deep')).mode & 0o777).toBe(0o700);
});

test('is taken as it is when it is ours', () => {
  openStateDirectory(at('new/deep'));
  chmodSync(at('new'), 0o755);
  openStateDirectory(at('new'));
  expect(statSync(at('new')).mode & 0o777).toBe(0o755);
});

test('is refused when others may write in it', () => {
  chmodSync(at('new'), 0o777);
  expect(() => openStateDirectory(at('new'))).toThrow(/writable by others .*mode 777/);
});

test('is refused when it is something else, or a link to where somebody wants it', () => {
  writeFileSync(at('file'), '');
  expect(() => openStateDirectory(at('file'))).toThrow();
  symlinkSync(at('new/deep'), at('link'));
  expect(() => openStateDirectory(at('link'))).toThrow(/is not a directory/);
});
