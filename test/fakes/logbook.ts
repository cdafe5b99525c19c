import { type Deed, type Intent, inherit, type Legacy } from '../../src/core/legacy.ts';
import { keyOf } from '../../src/core/thread.ts';
import type { Intention, Logbook } from '../../src/ports.ts';
import { Refused } from '../../src/refused.ts';

/** A logbook of paper: whoever opens it after its broker reads all that was written. */
export class FakeLogbook implements Logbook {
  contents: () => Iterable<Deed> = () => [];
  /** What every write fails with, as "ENOSPC". */
  errno: string | undefined;
  #begun = false;
  #behind = false;
  #deeds: Deed[] = [];

  constructor(deeds: readonly Deed[] = []) {
    this.#deeds.push(...deeds);
  }

  begin(): void {
    this.#begun = true;
    this.#behind = true;
    this.#catchUp();
  }

  intend(intent: Intent): Intention {
    this.write({ kind: 'intended', ...intent });
    if (this.errno !== undefined)
      throw new Refused({
        reason: 'kernel-refused',
        call: 'write',
        errno: this.errno,
        cause: 'This world wills it so.',
      });
    let settled = false;
    const settle = (kind: 'kept' | 'withdrawn') => {
      if (!settled) this.write({ kind, key: keyOf(intent.grant.thread) });
      settled = true;
    };
    return { keep: () => settle('kept'), [Symbol.dispose]: () => settle('withdrawn') };
  }

  write(deed: Deed): void {
    if (!this.#begun) return;
    this.#catchUp();
    if (this.errno === undefined) this.#deeds.push(deed);
    else this.#behind = true;
  }

  /** What a successor finds. */
  get legacy(): Legacy {
    return inherit(this.#deeds);
  }

  #catchUp(): void {
    if (!this.#behind || this.errno !== undefined) return;
    this.#deeds = [...this.contents()];
    this.#behind = false;
  }
}
