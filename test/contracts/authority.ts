import { describe, expect, test } from 'vitest';
import type { Pid, StartTime, Uid } from '../../src/core/thread.ts';
import type { Authority, Caller, Face, Patience } from '../../src/ports.ts';
import { refusal } from './refusal.ts';

/** An authority, and what the one behind it will say. */
export interface AuthorityStage {
  readonly authority: Authority;
  /** @param word 'challenge': yes to who types a password; @param password whether somebody does, when he is asked */
  say(word: 'yes' | 'no' | 'challenge' | 'nothing', password?: boolean): void;
}

const target = { pid: 4242 as Pid, starttime: 7n as StartTime, uid: 1000 as Uid };
const caller: Caller = { name: ':1.7', uid: 1000 as Uid, pid: 4242 as Pid };

/** What every Authority promises. */
export function authorityContract(open: () => AuthorityStage): void {
  const questions: readonly (readonly [
    title: string,
    face: Face,
    ask: (authority: Authority, patience: Patience) => Promise<void>,
  ])[] = [
    ['of a target', 'own', (authority, patience) => authority.authorize(target, 'own', 'realtime', patience)],
    [
      "of a target, on rtkit's interface",
      'realtimekit1',
      (authority, patience) => authority.authorize(target, 'realtimekit1', 'high-priority', patience),
    ],
    ['of a caller who would look', 'own', (authority, patience) => authority.permit(caller, 'inspect', patience)],
    ['of a caller who would act', 'own', (authority, patience) => authority.permit(caller, 'manage', patience)],
  ];

  for (const [title, face, ask] of questions)
    describe(`asked ${title}`, () => {
      for (const patience of ['usual', 'brief', 'interactive'] as const) {
        test(`it says yes, ${patience}`, async () => {
          const { authority, say } = open();
          say('yes');
          await expect(ask(authority, patience)).resolves.toBeUndefined();
        });

        test(`it says no, ${patience}`, async () => {
          const { authority, say } = open();
          say('no');
          expect(await refusal(() => ask(authority, patience))).toMatchObject({
            reason: 'not-authorized',
            pid: 4242,
            uid: 1000,
          });
        });

        test(`it cannot be asked, ${patience}`, async () => {
          const { authority, say } = open();
          say('nothing');
          expect(await refusal(() => ask(authority, patience))).toMatchObject({ reason: 'authority-unavailable' });
        });
      }

      for (const patience of ['usual', 'brief'] as const)
        test(`it says yes to a password, which it may not ask for, ${patience}`, async () => {
          const { authority, say } = open();
          say('challenge');
          const reason = face === 'own' ? 'authentication-required' : 'not-authorized';
          expect(await refusal(() => ask(authority, patience))).toMatchObject({ reason, pid: 4242, uid: 1000 });
        });

      test('it says yes to a password, which is typed', async () => {
        const { authority, say } = open();
        say('challenge', true);
        await expect(ask(authority, 'interactive')).resolves.toBeUndefined();
      });

      test('it says yes to a password, and the dialog is closed', async () => {
        const { authority, say } = open();
        say('challenge', false);
        expect(await refusal(() => ask(authority, 'interactive'))).toMatchObject({ reason: 'not-authorized' });
      });
    });
}
