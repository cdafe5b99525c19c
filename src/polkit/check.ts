import type { Subject } from './subject.ts';

/** What is needed of the bus. A call that fails is rejected with an Error named like the D-Bus error. */
export interface PolkitBus {
  call(
    target: {
      readonly destination: string;
      readonly path: string;
      readonly interface: string;
      readonly member: string;
    },
    signature: string,
    body: readonly unknown[],
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

/** Without a dialog: polkit decides at once, and there is never anything to cancel. */
export const check = (bus: PolkitBus, subject: Subject, action: string): Promise<Answer> =>
  checkAuthorization(bus, [subject, action, [], 0, '']);

/** polkit may have a person asked for a password. @param id by which `cancel` calls the dialog off */
export const checkByDialog = (bus: PolkitBus, subject: Subject, action: string, id: string): Promise<Answer> =>
  checkAuthorization(bus, [subject, action, [], allowUserInteraction, id]);

/** Its question then fails. */
export function cancel(bus: PolkitBus, id: string): void {
  const target = { ...polkit, member: 'CancelCheckAuthorization' };
  // It may have been answered just now, and then there is nothing to cancel.
  bus.call(target, 's', [id], '', patiently).catch(() => undefined);
}

async function checkAuthorization(bus: PolkitBus, body: readonly unknown[]): Promise<Answer> {
  const target = { ...polkit, member: 'CheckAuthorization' };
  const [answer] = await bus.call(target, '(sa{sv})sa{ss}us', body, '(bba{ss})', patiently);
  // is_authorized, is_challenge, details
  const [authorized, challenge] = Array.isArray(answer) ? answer : [];
  if (typeof authorized !== 'boolean') throw new Error('its answer makes no sense');
  if (authorized) return 'yes';
  return challenge === true ? 'challenge' : 'no';
}
