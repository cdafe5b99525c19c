import type { Advertised, Limits } from './limits.ts';
import { type Rule, type Subject, type Terms, termsOf } from './rules.ts';

/** The limits and rules in force. A reload replaces them all at once, between two judgements. */
export class Rulebook {
  readonly advertised: Advertised;
  #limits: Limits;
  #rules: readonly Rule[];

  constructor(limits: Limits, rules: readonly Rule[] = [], advertised: Advertised = limits) {
    this.#limits = limits;
    this.#rules = rules;
    this.advertised = advertised;
  }

  /** Of whom no rule knows. */
  get limits(): Limits {
    return this.#limits;
  }

  replace(limits: Limits, rules: readonly Rule[]): void {
    this.#limits = limits;
    this.#rules = rules;
  }

  termsOf(subject: Subject): Terms {
    return termsOf(subject, this.#limits, this.#rules);
  }

  /** For who goes by what is advertised: no RLIMIT_RTTIME within it is too high, unless a rule says so. */
  advertisedTermsOf(subject: Subject): Terms {
    const { rttimeUsecMax } = this.advertised;
    const limits = rttimeUsecMax > this.#limits.rttimeUsecMax ? { ...this.#limits, rttimeUsecMax } : this.#limits;
    return termsOf(subject, limits, this.#rules);
  }
}
