import type { Kind } from '../../src/core/scheduling.ts';
import type { Process } from '../../src/core/thread.ts';
import type { Authority, Caller, Face, Patience, Right } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';

interface Question {
  readonly subject: Process;
  readonly face: Face;
  readonly kind: Kind;
}

interface Waiting {
  readonly allow: () => void;
  readonly refuse: (refusal: Refused) => void;
  readonly face: Face;
  readonly patience: Patience;
  readonly about: { readonly action: string; readonly pid: number; readonly uid: number };
}

type Answer = 'allow' | 'refuse' | 'challenge' | 'unavailable';

/** Says yes, says no, wants a password, cannot be asked, or takes its time until it is told what to say. */
export class FakeAuthority implements Authority {
  /** 'wait': a question waits for answer(); that is also how one hangs. */
  mood: Answer | 'wait' = 'allow';
  /** What it says of callers, as opposed to targets. */
  permits: Answer = 'refuse';
  /** Whether somebody types the password, when he is let. */
  password = true;
  /** All that was asked about targets, the oldest first, and about callers. */
  readonly asked: Question[] = [];
  readonly askedOfCallers: { readonly caller: Caller; readonly right: Right; readonly patience: Patience }[] = [];
  readonly #waiting: Waiting[] = [];

  authorize(subject: Process, face: Face, kind: Kind, patience: Patience): Promise<void> {
    const { pid, uid } = subject;
    this.asked.push({ subject, face, kind });
    return new Promise((allow, refuse) => {
      const waiting = { allow, refuse, face, patience, about: { action: `acquire-${kind}`, pid, uid } };
      if (this.mood === 'wait') this.#waiting.push(waiting);
      else this.#answer(waiting, this.mood);
    });
  }

  permit(caller: Caller, right: Right, patience: Patience): Promise<void> {
    const { pid, uid } = caller;
    this.askedOfCallers.push({ caller, right, patience });
    return new Promise((allow, refuse) =>
      this.#answer({ allow, refuse, face: 'own', patience, about: { action: right, pid, uid } }, this.permits),
    );
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Answers the oldest question that waits. */
  answer(mood: Answer): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new Error('nobody waits for an answer');
    this.#answer(waiting, mood);
  }

  #answer({ allow, refuse, face, patience, about }: Waiting, answer: Answer): void {
    const byPassword = answer === 'challenge' && patience === 'interactive' && this.password;
    if (answer === 'allow' || byPassword) allow();
    else if (answer === 'unavailable') refuse(new Refused({ reason: 'authority-unavailable', why: 'it is silent' }));
    else if (answer === 'challenge' && face === 'own' && patience !== 'interactive')
      refuse(new Refused({ reason: 'authentication-required', ...about }));
    else refuse(new Refused({ reason: 'not-authorized', ...about }));
  }
}
