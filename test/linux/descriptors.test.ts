import { closeSync, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Tid } from '../../src/core/thread.ts';
import { descriptorCeiling } from '../../src/linux/descriptors.ts';
import { type Library, openLibrary } from '../../src/linux/library.ts';
import { openThread } from '../../src/linux/pidfd.ts';
import { refusal } from '../contracts/refusal.ts';
import { libraryPath } from './build.ts';

const limits = (soft: string) =>
  `Max processes  127235  127235  processes\nMax open files       ${soft}     524288    files     \n`;

for (const [title, soft, ceiling] of [
  ['of many', '524288', 523_264],
  ['of 4096', '4096', 3072],
  ['of few, a quarter', '64', 48],
  ['of none, none', '0', 0],
  ['of infinitely many', 'unlimited', Number.POSITIVE_INFINITY],
] as const)
  test(`descriptors are spared: ${title}`, () => expect(descriptorCeiling(limits(soft))).toBe(ceiling));

test("this process's own limit is read", () => expect(descriptorCeiling()).toBeGreaterThan(100));

test('a pidfd at the ceiling is closed again, and refused as out of descriptors', async () => {
  const { pid } = process;
  const thread = { tid: pid as number as Tid } as Parameters<typeof openThread>[1];
  const pidfds: number[] = [];
  const library: Pick<Library, 'openThread'> = {
    openThread: () => {
      pidfds.push(openSync('/dev/null', 'r'));
      return pidfds.at(-1)!;
    },
  };
  const open = (ceiling: number) => openThread({ ...openLibrary(libraryPath()), ...library }, thread, ceiling);

  closeSync(open(Number.POSITIVE_INFINITY));
  const [number = 0] = pidfds;
  closeSync(open(number + 1));
  expect(await refusal(() => open(number))).toMatchObject({ reason: 'kernel-refused', errno: 'EMFILE' });
  expect(() => fstatSync(pidfds.at(-1)!)).toThrow('EBADF');
});
