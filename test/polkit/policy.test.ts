import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actions, rights } from '../../src/polkit/authority.ts';

const policy = (name: string): string => readFileSync(join(import.meta.dirname, '../../polkit', name), 'utf8');

/** Who sits at the machine may have realtime; who wants to meddle with others' must be an administrator. */
const acquired = [
  ['allow_any', 'no'],
  ['allow_inactive', 'yes'],
  ['allow_active', 'yes'],
];
const administered = [
  ['allow_any', 'auth_admin'],
  ['allow_inactive', 'auth_admin'],
  ['allow_active', 'auth_admin_keep'],
];

/** rtkit ships a file of this name: ours takes its place, since polkit must not see an action twice. */
for (const [name, asked] of [
  ['org.example.RealtimeBroker.policy', [...Object.values(actions.own), ...Object.values(rights)]],
  ['org.freedesktop.RealtimeKit1.policy', Object.values(actions.realtimekit1)],
] as const)
  describe(name, () => {
    const declared = [...policy(name).matchAll(/<action id="([^"]*)">(.*?)<\/action>/gs)];

    test('declares exactly the actions that are asked for', () => expect(declared.map(([, id]) => id)).toEqual(asked));

    for (const [, id = '', inside = ''] of declared)
      test(`C25 lets ${id} to whom it should, and tells people what it is`, () => {
        const defaults = [...inside.matchAll(/<(allow_\w+)>(\w+)</g)].map(([, who, what]) => [who, what]);
        expect(defaults).toEqual((Object.values(rights) as string[]).includes(id) ? administered : acquired);
        expect(inside).toMatch(/<description>.+<\/description>\s*<message>.+<\/message>/);
      });
  });
