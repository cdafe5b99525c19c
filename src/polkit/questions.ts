import type { Uid } from '../core/thread.ts';
import { Line } from './line.ts';

/** Nobody answered in time. */
export class Unanswered extends Error {
  /** @param asked whether polkit had the question all that time, so that it is polkit which is slow */
  constructor(readonly asked: boolean) {
    super('no answer in time');
  }
}

/** What is to be asked, and whose place it takes. */
export interface Question<Answer> {
  /** Who asks the same shares the answer. */
  readonly key: string;
  readonly uid: Uid;
  readonly ask: () => Promise<Answer>;
  /** It was asked, and nobody wants to know any more. */
  readonly withdraw?: () => void;
}

class OpenQuestion<Answer> {
  readonly answer: Promise<Answer>;
  asked = false;
  askers = 0;
  /** @returns whether it was not asked yet, and now never will be */
  leave: () => boolean = () => false;
  readonly withdraw: () => void;
  #resolve: (answer: Promise<Answer>) => void = () => {};

  constructor(withdraw = () => {}) {
    this.withdraw = withdraw;
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // Perhaps nobody listens any more when it fails.
    this.answer.catch(() => undefined);
  }

  put(answer: Promise<Answer>): Promise<Answer> {
    this.asked = true;
    this.#resolve(answer);
    return this.answer;
  }
}

/**
 * What polkit is asked, by turns. Who asks what is under way already shares its answer: a program that asks for all its
 * threads at once costs polkit one question, and one that asks a hung polkit again and again no further place.
 */
export class Questions<Answer> {
  readonly #line: Line;
  readonly #open = new Map<string, OpenQuestion<Answer>>();

  constructor(line = new Line()) {
    this.#line = line;
  }

  /** @throws what `ask` throws, or Unanswered after `deadlineMsec`, time in the line included */
  async answer(question: Question<Answer>, deadlineMsec: number): Promise<Answer> {
    const { key } = question;
    const open = this.#open.get(key) ?? this.#enter(question);
    const { asked } = open;
    open.askers++;

    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => reject(new Unanswered(asked)), deadlineMsec);
    });
    try {
      return await Promise.race([open.answer, late]);
    } finally {
      clearTimeout(deadline);
      if (--open.askers === 0) {
        if (open.leave()) this.#open.delete(key);
        else if (this.#open.get(key) === open) open.withdraw();
      }
    }
  }

  #enter({ key, uid, ask, withdraw }: Question<Answer>): OpenQuestion<Answer> {
    const open = new OpenQuestion<Answer>(withdraw);
    this.#open.set(key, open);
    open.leave = this.#line.enter(uid, () => open.put(ask()).finally(() => this.#open.delete(key)));
    return open;
  }
}
