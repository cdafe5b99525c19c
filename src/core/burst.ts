interface Bucket {
  tokens: number;
  atMsec: number;
}

/**
 * Token buckets, one a key: a bucket holds `capacity` tokens and gets `refillPerSec` back each second. A full bucket is
 * forgotten, so that the map is never larger than what callers spent in the time one refill takes.
 */
export class TokenBuckets<Key> {
  #capacity: number;
  #perMsec: number;
  readonly #buckets = new Map<Key, Bucket>();
  #sweepAt = 64;

  constructor(capacity: number, refillPerSec: number) {
    this.#capacity = capacity;
    this.#perMsec = refillPerSec / 1000;
  }

  /** Buckets have what they have, but no more than they hold now. */
  resize(capacity: number, refillPerSec: number): void {
    this.#capacity = capacity;
    this.#perMsec = refillPerSec / 1000;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** How many requests `key` may make at once now. */
  left(key: Key, nowMsec: number): number {
    return Math.floor(this.#tokens(key, nowMsec));
  }

  /** In how many msec `key` has a token: 0 if it has one now. */
  dueMsec(key: Key, nowMsec: number): number {
    const tokens = this.#tokens(key, nowMsec);
    return tokens < 1 ? Math.max(1, Math.ceil((1 - tokens) / this.#perMsec)) : 0;
  }

  /** Takes a token. @returns 0, or, when there was none, the msec until the next is due. */
  take(key: Key, nowMsec: number): number {
    const dueMsec = this.dueMsec(key, nowMsec);
    if (dueMsec > 0) return dueMsec;

    if (!this.#buckets.has(key) && this.#buckets.size >= this.#sweepAt) this.#forgetFull(nowMsec);
    this.#buckets.set(key, { tokens: this.#tokens(key, nowMsec) - 1, atMsec: nowMsec });
    return 0;
  }

  #tokens(key: Key, nowMsec: number): number {
    const { tokens, atMsec } = this.#buckets.get(key) ?? { tokens: this.#capacity, atMsec: nowMsec };
    return Math.min(this.#capacity, tokens + Math.max(0, nowMsec - atMsec) * this.#perMsec);
  }

  /** Done when the map has doubled since the last time: constant work a request, on average. */
  #forgetFull(nowMsec: number): void {
    for (const key of this.#buckets.keys()) {
      if (this.#tokens(key, nowMsec) >= this.#capacity) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(64, this.#buckets.size * 2);
  }
}
