import type { Process } from '../core/thread.ts';
import { Line } from './line.ts';
import { keyOf } from './memory.ts';

/** Nobody answered in time. */
export class Unanswered extends Error {
  /** @param asked whether polkit had the question all that time, so that it is polkit which is slow */
  constructor(readonly asked: boolean) {
    super('no answer in time');
  }
}

type Ask = (subject: Process, action: string) => Promise<boolean>;

class Question {
  readonly answer: Promise<boolean>;
  asked = false;
  askers = 0;
  /** @returns whether it was not asked yet, and now never will be */
  leave: () => boolean = () => false;
  #resolve: (answer: Promise<boolean>) => void = () => {};

  constructor() {
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // Perhaps nobody listens any more when it fails.
    this.answer.catch(() => undefined);
  }

  put(answer: Promise<boolean>): Promise<boolean> {
    this.asked = true;
    this.#resolve(answer);
    return this.answer;
  }
}

/**
 * What polkit is asked, by turns. Who asks what is under way already shares its answer: a program that asks for all its
 * threads at once costs polkit one question, and one that asks a hung polkit again and again no further place.
 */
export class Questions {
  readonly #ask: Ask;
  readonly #line = new Line();
  readonly #open = new Map<string, Question>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** @throws what `ask` throws, or Unanswered after `deadlineMsec`, time in the line included */
  async answer(subject: Process, action: string, deadlineMsec: number): Promise<boolean> {
    const key = keyOf(subject, action);
    const question = this.#open.get(key) ?? this.#enter(key, subject, action);
    const { asked } = question;
    question.askers++;

    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => reject(new Unanswered(asked)), deadlineMsec);
    });
    try {
      return await Promise.race([question.answer, late]);
    } finally {
      clearTimeout(deadline);
      // A question that polkit has is not taken back: without a dialog it has nothing that could be cancelled.
      if (--question.askers === 0 && question.leave()) this.#open.delete(key);
    }
  }

  #enter(key: string, subject: Process, action: string): Question {
    const question = new Question();
    this.#open.set(key, question);
    question.leave = this.#line.enter(subject.uid, () =>
      question.put(this.#ask(subject, action)).finally(() => this.#open.delete(key)),
    );
    return question;
  }
}
