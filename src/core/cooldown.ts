import type { Process } from './thread.ts';

interface Conduct {
  untilMsec: number;
  offences: number;
}

/** An offender waits longer each time, but not for ever. */
const longestMsec = 600_000;

/** After so long without an offence the next one is a first one again. */
const forgottenMsec = 3_600_000;

const keyOf = ({ pid, starttime }: Process): string => `${pid}:${starttime}`;

/** Processes that starved the machine, and until when they are asked to wait. Times are CLOCK_BOOTTIME. */
export class Cooldowns {
  readonly #firstMsec: number;
  readonly #records = new Map<string, Conduct>();

  constructor(firstSec: number) {
    this.#firstMsec = firstSec * 1000;
  }

  /** Notes an offence: each one doubles the wait. */
  note(process: Process, nowMsec: number): void {
    this.#forget(nowMsec);
    const conduct = this.#records.get(keyOf(process)) ?? { untilMsec: 0, offences: 0 };
    const waitMsec = Math.min(longestMsec, this.#firstMsec * 2 ** Math.min(conduct.offences, 20));
    this.#records.set(keyOf(process), { untilMsec: nowMsec + waitMsec, offences: conduct.offences + 1 });
  }

  /** How long the process must wait still, in msec; 0 when it need not. */
  left(process: Process, nowMsec: number): number {
    return Math.max(0, (this.#records.get(keyOf(process))?.untilMsec ?? 0) - nowMsec);
  }

  /** There are at most as many records as demotions in an hour. */
  #forget(nowMsec: number): void {
    for (const [key, { untilMsec }] of this.#records)
      if (nowMsec >= untilMsec + forgottenMsec) this.#records.delete(key);
  }
}
