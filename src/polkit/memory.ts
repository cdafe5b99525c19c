import type { Process } from '../core/thread.ts';

/** A process that is granted threads one after the other asks within a moment; more than so many do not. */
const rememberedMax = 1024;

export const keyOf = ({ pid, starttime, uid }: Process, action: string): string =>
  `${pid}:${starttime}:${uid}:${action}`;

/**
 * Whom polkit allowed what a moment ago: only its yes, only about this very process while it is this user's, and no longer
 * than polkit itself says that nothing has changed. SECURITY.md tells why that is safe.
 */
export class Memory {
  #rememberMsec: number;
  readonly #nowMsec: () => number;
  /** Until when, oldest first: all are remembered for the same time. */
  readonly #untilMsec = new Map<string, number>();
  #epoch = 0;

  /** @param rememberMsec 0: nothing is remembered */
  constructor(rememberMsec: number, nowMsec: () => number) {
    this.#rememberMsec = rememberMsec;
    this.#nowMsec = nowMsec;
  }

  /** What is remembered was remembered for another time, and is forgotten. */
  set rememberMsec(msec: number) {
    this.#rememberMsec = msec;
    this.forget();
  }

  allows(subject: Process, action: string): boolean {
    const untilMsec = this.#untilMsec.get(keyOf(subject, action));
    return untilMsec !== undefined && this.#nowMsec() < untilMsec;
  }

  /** To be called before polkit is asked. @returns remembers its yes, unless something changed after it was asked */
  asking(subject: Process, action: string): () => void {
    const [epoch, askedMsec] = [this.#epoch, this.#nowMsec()];
    return () => {
      const untilMsec = askedMsec + this.#rememberMsec;
      if (epoch !== this.#epoch || untilMsec <= this.#nowMsec()) return;
      const key = keyOf(subject, action);
      this.#untilMsec.delete(key);
      this.#untilMsec.set(key, untilMsec);
      this.#drop();
    };
  }

  /** Something is other than it was: nothing that was answered, or asked, until now counts any more. */
  forget(): void {
    this.#epoch++;
    this.#untilMsec.clear();
  }

  get size(): number {
    return this.#untilMsec.size;
  }

  #drop(): void {
    const nowMsec = this.#nowMsec();
    for (const [key, untilMsec] of this.#untilMsec) {
      if (nowMsec < untilMsec && this.#untilMsec.size <= rememberedMax) return;
      this.#untilMsec.delete(key);
    }
  }
}
