interface Bucket {
  tokens: number;
  atMsec: number;
}

/**
 * Token buckets, one a key: a bucket holds `capacity` tokens and gets `refillPerSec` back each second. A full bucket is
 * forgotten, so that the map is never larger than what callers spent in the time one refill takes.
 */
export class TokenBuckets<Key> {
  readonly #capacity: number;
  readonly #perMsec: number;
  readonly #buckets = new Map<Key, Bucket>();
  #sweepAt = 64;

  constructor(capacity: number, refillPerSec: number) {
    this.#capacity = capacity;
    this.#perMsec = refillPerSec / 1000;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** How many requests `key` may make at once now. */
  left(key: Key, nowMsec: number): number {
    const bucket = this.#buckets.get(key);
    return Math.floor(bucket === undefined ? this.#capacity : this.#tokens(bucket, nowMsec));
  }

  /** Takes a token. @returns 0, or, when there was none, the msec until the next is due. */
  take(key: Key, nowMsec: number): number {
    const bucket = this.#buckets.get(key);
    const tokens = bucket === undefined ? this.#capacity : this.#tokens(bucket, nowMsec);
    if (tokens < 1) return Math.max(1, Math.ceil((1 - tokens) / this.#perMsec));

    if (bucket === undefined && this.#buckets.size >= this.#sweepAt) this.#forgetFull(nowMsec);
    this.#buckets.set(key, { tokens: tokens - 1, atMsec: nowMsec });
    return 0;
  }

  #tokens({ tokens, atMsec }: Bucket, nowMsec: number): number {
    return Math.min(this.#capacity, tokens + Math.max(0, nowMsec - atMsec) * this.#perMsec);
  }

  /** Done when the map has doubled since the last time: constant work a request, on average. */
  #forgetFull(nowMsec: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#tokens(bucket, nowMsec) >= this.#capacity) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(64, this.#buckets.size * 2);
  }
}
