import type { Kind } from '../core/scheduling.ts';
import type { Process, Uid } from '../core/thread.ts';
import type { Authority, Caller, Face, Patience, Right } from '../ports.ts';
import { Refused } from '../refused.ts';
import { type Answer, cancel, check, checkByDialog, type PolkitBus, questionOf, type Written } from './check.ts';
import { Form } from './form.ts';
import { dialogsMax, Line } from './line.ts';
import { keyOf, type Memory } from './memory.ts';
import { Questions, Unanswered } from './questions.ts';
import { type Subject, subjectOf, subjectOfCaller } from './subject.ts';

export interface PolkitOptions {
  /** How long a request may wait for polkit, its turn included. */
  readonly deadlineMsec: number;
  readonly memory: Memory;
  /** How long a person has to type a password; two minutes unless given. */
  readonly dialogMsec?: number;
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

/** Asked about a caller, for what he may do with what is others'. */
export const rights = {
  inspect: 'org.example.RealtimeBroker.inspect',
  manage: 'org.example.RealtimeBroker.manage',
} as const satisfies Record<Right, string>;

const briefMsec = 1000;

/** Whether somebody may do something. */
interface Matter {
  readonly subject: Subject;
  readonly question: () => readonly unknown[] | Written;
  /** One string a subject and action. */
  readonly key: string;
  readonly uid: Uid;
  readonly pid: number;
  readonly action: string;
}

/** polkit(8), asked over the bus. Nothing here waits for anything but the answer, and the turn to ask. */
export class PolkitAuthority implements Authority {
  readonly #bus: PolkitBus;
  readonly #options: PolkitOptions;
  readonly #questions = new Questions<Answer>();
  readonly #dialogs = new Questions<Answer>(new Line(dialogsMax));
  /** By their actions. */
  readonly #forms = new Map<string, Form>();
  #dialogsAsked = 0;

  constructor(bus: PolkitBus, options: PolkitOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  async authorize(target: Process, face: Face, kind: Kind, patience: Patience): Promise<void> {
    const { memory } = this.#options;
    const { uid, pid } = target;
    const action = actions[face][kind];
    if (memory.allows(target, action)) return;

    const question = () => this.#form(action).about(target);
    const matter = { subject: subjectOf(target), question, key: keyOf(target, action), uid, pid, action };
    const answer = await this.#ask(matter, patience, () => memory.asking(target, action));
    // Of a password nobody there could make anything.
    this.#require(face === 'own' || answer === 'yes' ? answer : 'no', matter);
  }

  async permit(caller: Caller, right: Right, patience: Patience): Promise<void> {
    const { name, uid, pid } = caller;
    const [subject, action] = [subjectOfCaller(caller), rights[right]];
    const matter = { subject, question: () => questionOf(subject, action), key: `${name}:${right}`, uid, pid, action };
    this.#require(await this.#ask(matter, patience), matter);
  }

  /**
   * First without a dialog: who needs none must not wait for one's place.
   * @param asking called when polkit is asked; what it returns, when polkit has said yes
   */
  async #ask(matter: Matter, patience: Patience, asking = () => () => {}): Promise<Answer> {
    const { deadlineMsec, onAvailable } = this.#options;
    const answerMsec = patience === 'brief' ? Math.min(briefMsec, deadlineMsec) : deadlineMsec;
    const { question, key, uid } = matter;
    const ask = async () => {
      const remember = asking();
      const said = await check(this.#bus, question());
      if (said === 'yes') remember();
      return said;
    };
    let answer: Answer;
    try {
      answer = await this.#questions.answer({ key, uid, ask }, answerMsec);
    } catch (fault) {
      const onlyBrief = fault instanceof Unanswered && patience === 'brief';
      if (meansUnavailable(fault) && !onlyBrief) onAvailable(false);
      throw new Refused({ reason: 'authority-unavailable', why: why(fault, answerMsec) });
    }
    onAvailable(true);
    return answer === 'challenge' && patience === 'interactive' ? this.#askPerson(matter) : answer;
  }

  async #askPerson({ subject, key, uid, action }: Matter): Promise<Answer> {
    const { dialogMsec = 120_000 } = this.#options;
    const id = `${++this.#dialogsAsked}`;
    const ask = () => checkByDialog(this.#bus, subject, action, id);
    const withdraw = () => cancel(this.#bus, id);
    try {
      return await this.#dialogs.answer({ key, uid, ask, withdraw }, dialogMsec);
    } catch (fault) {
      // A person who does not type says nothing about polkit.
      if (fault instanceof Unanswered) return 'challenge';
      throw new Refused({ reason: 'authority-unavailable', why: why(fault, dialogMsec) });
    }
  }

  #form(action: string): Form {
    const form = this.#forms.get(action) ?? new Form(this.#bus, action);
    this.#forms.set(action, form);
    return form;
  }

  #require(answer: Answer, { action, pid, uid }: Matter): void {
    if (answer === 'no') throw new Refused({ reason: 'not-authorized', action, pid, uid });
    if (answer === 'challenge') throw new Refused({ reason: 'authentication-required', action, pid, uid });
  }
}

const nameOf = (fault: unknown): string => (fault instanceof Error ? fault.name : '');

/**
 * Errors that stand for polkit's silence or absence. It answers with others itself, as when the subject has just exited:
 * any user can bring that about, and nobody shall be told for that that polkit cannot be asked.
 */
function meansUnavailable(fault: unknown): boolean {
  if (fault instanceof Unanswered) return fault.asked;
  // systemd's own, when it cannot start polkit for the bus: its unit is masked, or missing.
  return /^org\.freedesktop\.(DBus\.Error\.(NoReply|Timeout|TimedOut|ServiceUnknown|NameHasNoOwner|Disconnected|Spawn\..+)|systemd1\..+)$/.test(
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
