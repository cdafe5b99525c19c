import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Gid, Uid } from '../../src/core/thread.ts';
import { Members, parseMembers } from '../../src/linux/members.ts';

const dir = mkdtempSync(join(tmpdir(), 'members-'));
afterAll(() => rmSync(dir, { recursive: true }));
const files = [join(dir, 'passwd'), join(dir, 'group')] as const;

const passwd = 'root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/:/bin/sh\nbob:x:1001:1001\n';
const group = 'root:x:0:\nusers:x:100:\naudio:x:29:alice,nobody-knows,bob\nempty:x:30\n+nis::0:\nodd:x:many:alice\n';

test('a user is in the group of passwd and in those of group that name him', () => {
  const members = parseMembers(passwd, group);
  expect(members).toEqual(
    new Map([
      [0, new Set([0])],
      [100, new Set([1000])],
      [1001, new Set([1001])],
      [29, new Set([1000, 1001])],
    ]),
  );
});

test('who joins and who leaves is heard of at once, and without the files nobody is in any', () => {
  const members = new Members(files);
  const isIn = () => members.has(29 as Gid, 1000 as Uid);
  expect(isIn()).toBe(false);
  writeFileSync(files[0], passwd);
  writeFileSync(files[1], group);
  expect(isIn()).toBe(true);
  writeFileSync(files[1], group.replace('alice,', ''));
  expect(isIn()).toBe(false);
  rmSync(files[1]);
  expect(isIn()).toBe(false);
});
