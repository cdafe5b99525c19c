import { closeSync } from 'node:fs';
import type { Entry } from './entry.ts';
import { addressOf, EAGAIN, EINTR, ENOBUFS, ENOMEM, openSocket, send } from './libc.ts';
import { encode } from './native.ts';
import type { Delivery, Sink } from './sink.ts';

const passing: readonly number[] = [EAGAIN, EINTR, ENOBUFS, ENOMEM];

/**
 * The journal's own socket. It is named anew with each datagram instead of being connected to: so a journald that was
 * restarted is found again at once.
 */
export class Journald implements Sink {
  readonly #address: Uint8Array;
  #fd = -1;

  /** @throws RangeError when no socket can have this path */
  constructor(path: string) {
    this.#address = addressOf(path);
  }

  send(entry: Entry): Delivery {
    if (this.#fd < 0) this.#fd = openSocket();
    if (this.#fd < 0) return 'never'; // Out of descriptors: tried again with the next entry.

    const sent = send(this.#fd, encode(entry), this.#address);
    if (sent >= 0) return 'sent';
    return passing.includes(-sent) ? 'later' : 'never';
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}
