import type { Subject } from './subject.ts';

/** Values as they are on the wire. */
export interface Written {
  readonly bytes: Buffer;
}

/** What is needed of the bus. A call that fails is rejected with an Error named like the D-Bus error. */
export interface PolkitBus {
  write(signature: string, values: readonly unknown[]): Written;
  call(
    target: {
      readonly destination: string;
      readonly path: string;
      readonly interface: string;
      readonly member: string;
    },
    signature: string,
    body: readonly unknown[] | Written,
    expected: string,
    options: { readonly timeoutMsec: number },
  ): Promise<readonly unknown[]>;
}

/** 'challenge': yes, if somebody authenticates. */
export type Answer = 'yes' | 'no' | 'challenge';

const polkit = {
  destination: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
};

/** CheckAuthorizationFlags. */
const allowUserInteraction = 1;

/**
 * Who asks gives up at his deadline; the call does not, since only its end, by an answer or by the end of polkitd, tells
 * that the bus daemon counts it no longer.
 */
const patiently = { timeoutMsec: Number.POSITIVE_INFINITY };

/** The arguments of CheckAuthorization: subject, action, details, flags, and by what it can be cancelled. */
export const questionSignature = '(sa{sv})sa{ss}us';

/** Without a dialog: polkit decides at once, and there is never anything to cancel. */
export const questionOf = (subject: Subject, action: string): readonly unknown[] => [subject, action, [], 0, ''];

/** polkit may have a person asked for a password. @param id by which `cancel` calls the dialog off */
export const checkByDialog = (bus: PolkitBus, subject: Subject, action: string, id: string): Promise<Answer> =>
  check(bus, [subject, action, [], allowUserInteraction, id]);

/** Its question then fails. */
export function cancel(bus: PolkitBus, id: string): void {
  const target = { ...polkit, member: 'CancelCheckAuthorization' };
  // It may have been answered just now, and then there is nothing to cancel.
  bus.call(target, 's', [id], '', patiently).catch(() => undefined);
}

/** @param question as of questionOf */
export async function check(bus: PolkitBus, question: readonly unknown[] | Written): Promise<Answer> {
  const target = { ...polkit, member: 'CheckAuthorization' };
  const [answer] = await bus.call(target, questionSignature, question, '(bba{ss})', patiently);
  // is_authorized, is_challenge, details
  const [authorized, challenge] = Array.isArray(answer) ? answer : [];
  if (typeof authorized !== 'boolean') throw new Error('its answer makes no sense');
  if (authorized) return 'yes';
  return challenge === true ? 'challenge' : 'no';
}
