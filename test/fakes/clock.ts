import type { Clock } from '../../src/ports.ts';

interface Sleeper {
  readonly untilMsec: number;
  readonly wake: () => void;
}

/** Time stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMsec: number;
  #sleepers: Sleeper[] = [];

  constructor(nowMsec = 1_000_000) {
    this.#nowMsec = nowMsec;
  }

  bootMsec(): number {
    return this.#nowMsec;
  }

  realtimeUsec(): bigint {
    return 1_700_000_000_000_000n + BigInt(Math.round(this.#nowMsec * 1000));
  }

  sleep(msec: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ untilMsec: this.#nowMsec + msec, wake }));
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Wakes whoever is due, in order, and lets each do what it does until it waits again. */
  async advance(msec: number): Promise<void> {
    const untilMsec = this.#nowMsec + msec;
    for (let next = this.#due(untilMsec); next !== undefined; next = this.#due(untilMsec)) {
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#nowMsec = Math.max(this.#nowMsec, next.untilMsec);
      next.wake();
      await settled();
    }
    this.#nowMsec = untilMsec;
    await settled();
  }

  /** The machine sleeps: CLOCK_BOOTTIME goes on, and timers do not. */
  suspend(msec: number): void {
    this.#nowMsec += msec;
    this.#sleepers = this.#sleepers.map(({ untilMsec, wake }) => ({ untilMsec: untilMsec + msec, wake }));
  }

  #due(untilMsec: number): Sleeper | undefined {
    return this.#sleepers
      .filter((sleeper) => sleeper.untilMsec <= untilMsec)
      .sort((one, other) => one.untilMsec - other.untilMsec)[0];
  }
}

/** When nothing is left to do but what waits for the world outside. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
