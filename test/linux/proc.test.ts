import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Pid } from '../../src/core/thread.ts';
import { Tree } from './tree.ts';

const pid = 42 as Pid;
const groups = Array.from({ length: 60_000 }, (_, index) => 100_000 + index).join(' ');

test('a status longer than any usual one is read whole', () => {
  using tree = new Tree();
  tree.process(pid);
  const usual = tree.proc.status(pid);
  const text = readFileSync(`${tree.root}/42/status`, 'utf8');
  tree.write('42/status', text.replace('Uid:', `Groups:\t${groups}\nUid:`));
  expect(usual?.tgid).toBe(pid);
  expect(tree.proc.status(pid)).toEqual(usual);
});

test('of who is not there nothing is told', () => {
  using tree = new Tree();
  expect(tree.proc.status(pid)).toBeUndefined();
  expect(tree.proc.stat(pid)).toBeUndefined();
  expect(tree.proc.rttime(pid)).toBeUndefined();
});
