import { expect } from 'vitest';
import { type Face, ownFace, type Reply } from './caller.ts';

/** Each reason as org.example.RealtimeBroker.Error has it, and what rtkit's clients are told: a name, and strerror(3). */
const names = {
  NotAuthorized: ['AccessDenied', 'Operation not permitted'],
  AuthorityUnavailable: ['Failed', 'Input/output error'],
  NotYourProcess: ['AccessDenied', 'Operation not permitted'],
  NoSuchThread: ['Failed', 'No such file or directory'],
  InvalidPriority: ['Failed', 'Invalid argument'],
  PriorityAboveLimit: ['AccessDenied', 'Operation not permitted'],
  NiceBelowLimit: ['AccessDenied', 'Operation not permitted'],
  RTTimeUnset: ['AccessDenied', 'Operation not permitted'],
  RTTimeAboveLimit: ['AccessDenied', 'Operation not permitted'],
  RTTimeTooLow: ['AccessDenied', 'Operation not permitted'],
  ThreadLimit: ['AccessDenied', 'Device or resource busy'],
  ProcessLimit: ['AccessDenied', 'Device or resource busy'],
  UserLimit: ['AccessDenied', 'Device or resource busy'],
  Burst: ['AccessDenied', 'Device or resource busy'],
  KernelRefused: ['AccessDenied', 'Operation not permitted'],
} as const;

export type Reason = keyof typeof names;
export const reasons = Object.keys(names) as readonly Reason[];

export const standardError = (name: string): string => `org.freedesktop.DBus.Error.${name}`;

/** That this face said this no, with a sentence of ours that holds these words. */
export function expectRefused(reply: Reply, face: Face, reason: Reason, words: string | RegExp): void {
  const [name, strerror] = names[reason];
  const own = face.name === ownFace.name;
  const error = own ? `${ownFace.name}.Error.${reason}` : standardError(name);
  expect(reply).toMatchObject({ ok: false, error, text: expect.stringMatching(words) });
  const { text } = reply as Extract<Reply, { ok: false }>;
  // A sentence and a remedy, each with its full stop, behind rtkit's text on rtkit's face.
  const prefix = own ? '' : `${strerror}: `;
  expect(text).toMatch(new RegExp(`^${prefix}[A-Z0-9p-].*\\. [A-Z].*\\.$`));
}
