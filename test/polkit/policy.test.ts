import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actions } from '../../src/polkit/authority.ts';

const policy = (name: string): string => readFileSync(join(import.meta.dirname, '../../polkit', name), 'utf8');

/** rtkit ships a file of this name: ours takes its place, since polkit must not see an action twice. */
for (const [name, face] of [
  ['org.example.RealtimeBroker.policy', actions.own],
  ['org.freedesktop.RealtimeKit1.policy', actions.realtimekit1],
] as const)
  describe(name, () => {
    const declared = [...policy(name).matchAll(/<action id="([^"]*)">(.*?)<\/action>/gs)];

    test('declares exactly the actions that are asked for', () =>
      expect(declared.map(([, id]) => id)).toEqual(Object.values(face)));

    for (const [, id, inside = ''] of declared)
      test(`lets ${id} to whoever sits at the machine, and tells people what it is`, () => {
        const defaults = [...inside.matchAll(/<(allow_\w+)>(\w+)</g)].map(([, who, what]) => [who, what]);
        expect(defaults).toEqual([
          ['allow_any', 'no'],
          ['allow_inactive', 'yes'],
          ['allow_active', 'yes'],
        ]);
        expect(inside).toMatch(/<description>.+<\/description>\s*<message>.+<\/message>/);
      });
  });
