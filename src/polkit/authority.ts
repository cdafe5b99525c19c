import type { Kind } from '../core/scheduling.ts';
import type { Process } from '../core/thread.ts';
import type { Authority, Face } from '../ports.ts';
import { Refused } from '../refused.ts';
import type { Memory } from './memory.ts';
import { Questions, Unanswered } from './questions.ts';
import { subjectOf } from './subject.ts';

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

export interface PolkitOptions {
  /** How long a request may wait for polkit, its turn included. */
  readonly deadlineMsec: number;
  readonly memory: Memory;
  /** Told whether polkit answers. An error that says nothing of that, but only of the question, is not reported. */
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

/** polkit(8), asked over the bus. Nothing here waits for anything but the answer, and the turn to ask. */
export class PolkitAuthority implements Authority {
  readonly #bus: PolkitBus;
  readonly #options: PolkitOptions;
  readonly #questions = new Questions((subject, action) => this.#check(subject, action));

  constructor(bus: PolkitBus, options: PolkitOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  async authorize(subject: Process, face: Face, kind: Kind): Promise<void> {
    const { deadlineMsec, memory, onAvailable } = this.#options;
    const action = actions[face][kind];
    if (memory.allows(subject, action)) return;

    let authorized: boolean;
    try {
      authorized = await this.#questions.answer(subject, action, deadlineMsec);
    } catch (fault) {
      if (meansUnavailable(fault)) onAvailable(false);
      throw new Refused({ reason: 'authority-unavailable', why: why(fault, deadlineMsec) });
    }

    onAvailable(true);
    if (!authorized) throw new Refused({ reason: 'not-authorized', action, pid: subject.pid, uid: subject.uid });
  }

  async #check(subject: Process, action: string): Promise<boolean> {
    const remember = this.#options.memory.asking(subject, action);
    const noDetails: readonly unknown[] = [];
    // Never interactive: a dialog would come up for a program that merely starts to play. Without one polkit decides at
    // once, and there is never anything to cancel.
    const flags = 0;
    const noCancellation = '';
    const answer = await this.#bus.call(
      { ...polkit, member: 'CheckAuthorization' },
      '(sa{sv})sa{ss}us',
      [subjectOf(subject), action, noDetails, flags, noCancellation],
      '(bba{ss})',
      { timeoutMsec: timerMsecMax },
    );
    const authorized = parseAnswer(answer);
    if (authorized) remember();
    return authorized;
  }
}

/**
 * Who asks gives up at his deadline; the call does not, since only its end, by an answer or by the end of polkitd, tells
 * that the bus daemon counts it no longer. This is the longest a timer of Node's can run, 24 days.
 */
const timerMsecMax = 2 ** 31 - 1;

/** (bba{ss}): is_authorized, is_challenge, details. That a challenge would help does not: nobody is there to answer it. */
function parseAnswer([answer]: readonly unknown[]): boolean {
  const authorized = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof authorized !== 'boolean') throw new Error('its answer makes no sense');
  return authorized;
}

const nameOf = (fault: unknown): string => (fault instanceof Error ? fault.name : '');

/**
 * Errors that stand for polkit's silence or absence. It answers with others itself, as when the subject has just exited:
 * any user can bring that about, and nobody shall be told for that that polkit cannot be asked.
 */
function meansUnavailable(fault: unknown): boolean {
  if (fault instanceof Unanswered) return fault.asked;
  return /^org\.freedesktop\.DBus\.Error\.(NoReply|Timeout|TimedOut|ServiceUnknown|NameHasNoOwner|Disconnected|Spawn\..+)$/.test(
    nameOf(fault),
  );
}

/** For people, and without a full stop: it stands within a sentence. */
function why(fault: unknown, deadlineMsec: number): string {
  const seconds = `${deadlineMsec / 1000} s`;
  if (fault instanceof Unanswered)
    return fault.asked ? `it did not answer within ${seconds}` : `it was busy with other questions for ${seconds}`;

  switch (nameOf(fault)) {
    case 'org.freedesktop.DBus.Error.NoReply':
      return 'it ended before it answered';
    case 'org.freedesktop.DBus.Error.ServiceUnknown':
    case 'org.freedesktop.DBus.Error.NameHasNoOwner':
      return 'it does not run and cannot be started';
    default:
      return fault instanceof Error ? fault.message.replace(/\.$/, '') : String(fault);
  }
}
