import type { Kind } from '../core/scheduling.ts';
import type { Process } from '../core/thread.ts';
import type { Authority, Face } from '../ports.ts';
import { Refused } from '../refused.ts';
import { type Subject, subjectOf } from './subject.ts';

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
    options: { readonly timeoutMsec: number; readonly autoStart?: boolean },
  ): Promise<readonly unknown[]>;
}

export interface PolkitOptions {
  /** How long polkit may take to answer. */
  readonly deadlineMsec: number;
  /** Told after each question whether polkit could be asked. */
  readonly onAvailable: (available: boolean) => void;
}

/** The actions asked for; polkit/*.policy declare them. rtkit's keep their ids, so that rules for it go on to hold. */
export const actions = {
  own: {
    realtime: 'org.example.RealtimeBroker.acquire-real-time',
    'high-priority': 'org.example.RealtimeBroker.acquire-high-priority',
  },
  realtimekit1: {
    realtime: 'org.freedesktop.RealtimeKit1.acquire-real-time',
    'high-priority': 'org.freedesktop.RealtimeKit1.acquire-high-priority',
  },
} as const satisfies Record<Face, Record<Kind, string>>;

const polkit = {
  destination: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
};

/** polkit(8), asked over the bus. Nothing here waits for anything but the answer. */
export class PolkitAuthority implements Authority {
  readonly #bus: PolkitBus;
  readonly #options: PolkitOptions;
  #questions = 0;

  constructor(bus: PolkitBus, options: PolkitOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  async authorize(subject: Process, face: Face, kind: Kind): Promise<void> {
    const action = actions[face][kind];
    let authorized: boolean;
    try {
      authorized = parseAnswer(await this.#check(subjectOf(subject), action));
    } catch (fault) {
      this.#options.onAvailable(false);
      throw new Refused({ reason: 'authority-unavailable', why: why(fault, this.#options.deadlineMsec) });
    }

    this.#options.onAvailable(true);
    if (!authorized) throw new Refused({ reason: 'not-authorized', action, pid: subject.pid, uid: subject.uid });
  }

  async #check(subject: Subject, action: string): Promise<readonly unknown[]> {
    const noDetails: readonly unknown[] = [];
    // Never interactive: a dialog would come up for a program that merely starts to play.
    const flags = 0;
    const cancellation = `realtime-broker-${++this.#questions}`;
    const { deadlineMsec } = this.#options;
    try {
      return await this.#bus.call(
        { ...polkit, member: 'CheckAuthorization' },
        '(sa{sv})sa{ss}us',
        [subject, action, noDetails, flags, cancellation],
        '(bba{ss})',
        { timeoutMsec: deadlineMsec },
      );
    } catch (fault) {
      if (nameOf(fault) === noReply) this.#cancel(cancellation);
      throw fault;
    }
  }

  /** Nobody waits for the answer any more, and polkit need not go on. If it cannot hear that either, so be it. */
  #cancel(cancellation: string): void {
    const options = { timeoutMsec: this.#options.deadlineMsec, autoStart: false };
    this.#bus
      .call({ ...polkit, member: 'CancelCheckAuthorization' }, 's', [cancellation], '', options)
      .catch(() => undefined);
  }
}

/** (bba{ss}): is_authorized, is_challenge, details. That a challenge would help does not: nobody is there to answer it. */
function parseAnswer([answer]: readonly unknown[]): boolean {
  const authorized = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof authorized !== 'boolean') throw new Error('its answer makes no sense');
  return authorized;
}

const noReply = 'org.freedesktop.DBus.Error.NoReply';

const nameOf = (fault: unknown): string => (fault instanceof Error ? fault.name : '');

/** For people, and without a full stop: it stands within a sentence. */
function why(fault: unknown, deadlineMsec: number): string {
  switch (nameOf(fault)) {
    case noReply:
      return `it did not answer within ${deadlineMsec / 1000} s`;
    case 'org.freedesktop.DBus.Error.ServiceUnknown':
    case 'org.freedesktop.DBus.Error.NameHasNoOwner':
      return 'it does not run and cannot be started';
    default:
      return fault instanceof Error ? fault.message.replace(/\.$/, '') : String(fault);
  }
}
