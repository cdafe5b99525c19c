import { keyOfProcess, type Process } from './thread.ts';

/** How a process has behaved. */
export interface Conduct {
  /** CLOCK_BOOTTIME. */
  readonly untilMsec: number;
  readonly offences: number;
}

/** An offender waits longer each time, but not for ever. */
const longestMsec = 600_000;

/** After so long without an offence the next one is a first one again. */
const forgottenMsec = 3_600_000;

/** Processes that starved the machine, and until when they are asked to wait. Times are CLOCK_BOOTTIME. */
export class Cooldowns {
  #firstMsec: number;
  readonly #records = new Map<string, readonly [Process, Conduct]>();

  constructor(firstSec: number) {
    this.#firstMsec = firstSec * 1000;
  }

  /** For offences from now on. */
  set firstSec(sec: number) {
    this.#firstMsec = sec * 1000;
  }

  /**
   * Notes that a thread of the process starved a CPU: it waits, twice as long as the time before. While it waits others of
   * its threads may do the same: one that starves or twenty at once are one offence, and the wait begins anew.
   * @returns what is held against the process now
   */
  note(process: Process, nowMsec: number): Conduct {
    this.#forget(nowMsec);
    const [, before] = this.#records.get(keyOfProcess(process)) ?? [];
    const waits = nowMsec < (before?.untilMsec ?? 0);
    const offences = (before?.offences ?? 0) + (waits ? 0 : 1);
    const waitMsec = Math.min(longestMsec, this.#firstMsec * 2 ** Math.min(offences - 1, 20));
    const conduct = { untilMsec: nowMsec + waitMsec, offences };
    this.remember(process, conduct);
    return conduct;
  }

  /** What was noted by another broker. */
  remember(process: Process, conduct: Conduct): void {
    this.#records.set(keyOfProcess(process), [process, conduct]);
  }

  /** How long the process must wait still, in msec; 0 when it need not. */
  left(process: Process, nowMsec: number): number {
    const [, conduct] = this.#records.get(keyOfProcess(process)) ?? [];
    return Math.max(0, (conduct?.untilMsec ?? 0) - nowMsec);
  }

  offenders(): Iterable<readonly [Process, Conduct]> {
    return this.#records.values();
  }

  /** There are at most as many records as demotions in an hour. */
  #forget(nowMsec: number): void {
    for (const [key, [, { untilMsec }]] of this.#records)
      if (nowMsec >= untilMsec + forgottenMsec) this.#records.delete(key);
  }
}
