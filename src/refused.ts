import { because, type Refusal } from './core/refusal.ts';

/** The one error a caller may hear. Anything else that is thrown is a fault: logged in full, told to strangers as nothing. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    const { sentence, remedy } = because(refusal);
    super(`${sentence} ${remedy}`);
    this.name = 'Refused';
  }
}
