import type { Kind } from '../../src/core/scheduling.ts';
import type { Process } from '../../src/core/thread.ts';
import type { Authority, Face } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';

interface Question {
  readonly subject: Process;
  readonly face: Face;
  readonly kind: Kind;
}

interface Waiting extends Question {
  readonly allow: () => void;
  readonly refuse: (refusal: Refused) => void;
}

/** Says yes, says no, cannot be asked, or takes its time until it is told what to say. */
export class FakeAuthority implements Authority {
  /** 'wait': a question waits for answer(); that is also how one hangs. */
  mood: 'allow' | 'refuse' | 'unavailable' | 'wait' = 'allow';
  /** All that was asked, the oldest first. */
  readonly asked: Question[] = [];
  readonly #waiting: Waiting[] = [];

  authorize(subject: Process, face: Face, kind: Kind): Promise<void> {
    const question = { subject, face, kind };
    this.asked.push(question);
    return new Promise((allow, refuse) => {
      if (this.mood === 'wait') this.#waiting.push({ ...question, allow, refuse });
      else this.#answer({ ...question, allow, refuse }, this.mood);
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Answers the oldest question that waits. */
  answer(mood: 'allow' | 'refuse' | 'unavailable'): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new Error('nobody waits for an answer');
    this.#answer(waiting, mood);
  }

  #answer({ subject: { pid, uid }, kind, allow, refuse }: Waiting, mood: 'allow' | 'refuse' | 'unavailable'): void {
    if (mood === 'allow') allow();
    else if (mood === 'refuse') refuse(new Refused({ reason: 'not-authorized', action: `acquire-${kind}`, pid, uid }));
    else refuse(new Refused({ reason: 'authority-unavailable', why: 'it does not answer' }));
  }
}
