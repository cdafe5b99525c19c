import { aloneOnTheCpu } from '../rig/alone.ts';
import type { Child } from '../rig/child.ts';

/** Between two turns, so that others have theirs. */
const restMsec = 20_000;

/** The turn to burn a CPU, which all that runs on this machine takes one after the other: waited for while other things are done. */
export class Turn {
  #alone: Child | undefined;
  #isOver = false;

  constructor() {
    this.#await();
  }

  get hasCome(): boolean {
    return this.#alone !== undefined;
  }

  async pass(): Promise<void> {
    const alone = this.#alone;
    this.#alone = undefined;
    await alone?.stop();
    setTimeout(() => this.#isOver || this.#await(), restMsec).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#alone?.stop();
  }

  #await(): void {
    const come = (alone: Child): void => {
      if (this.#isOver) void alone.stop();
      else this.#alone = alone;
    };
    // Who cannot wait has no turn.
    aloneOnTheCpu(86_400_000).then(come, () => {});
  }
}
