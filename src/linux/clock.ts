import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../ports.ts';
import type { Library } from './library.ts';

export class LinuxClock implements Clock {
  readonly #library: Library;

  constructor(library: Library) {
    this.#library = library;
  }

  bootMsec(): number {
    return this.#library.bootUsec() / 1000;
  }

  realtimeUsec(): bigint {
    return BigInt(this.#library.realtimeUsec());
  }

  async sleep(msec: number): Promise<void> {
    await setTimeout(msec);
  }
}
