import { quantile } from '../../bench/stats.ts';
import { type Caller, type Face, rtkitFace } from './caller.ts';

const properties: Face = { ...rtkitFace, interface: 'org.freedesktop.DBus.Properties' };

/** Of how long the bystander waited, in ms. */
export interface Waited {
  readonly reads: number;
  readonly p99Msec: number;
  readonly worstMsec: number;
}

/** Somebody who reads a property again and again, whatever others do to the broker meanwhile. */
export class Bystander {
  readonly #caller: Caller;
  readonly #usec: number[] = [];
  #over = false;
  readonly #reading: Promise<void>;

  constructor(caller: Caller, pauseMsec = 2) {
    this.#caller = caller;
    this.#reading = this.#read(pauseMsec);
    this.#reading.catch(() => {}); // Told by stop().
  }

  /** @throws Error when a read did not go well */
  async stop(): Promise<Waited> {
    this.#over = true;
    await this.#reading;
    const [p99Msec, worstMsec] = [0.99, 1].map((share) => quantile(this.#usec, share) / 1000) as [number, number];
    return { reads: this.#usec.length, p99Msec, worstMsec };
  }

  async #read(pauseMsec: number): Promise<void> {
    do {
      const reply = await this.#caller.call(properties, 'Get', 'ss', rtkitFace.name, 'MaxRealtimePriority');
      if (!reply.ok) throw new Error(`a bystander could not read a property: ${reply.error}: ${reply.text}`);
      this.#usec.push(reply.usec);
      await this.#caller.wait(pauseMsec);
    } while (!this.#over);
  }
}
