import { TokenBuckets } from './core/burst.ts';
import type { BurstLimits } from './core/limits.ts';
import type { Refusal } from './core/refusal.ts';
import type { Pid, Process, Uid } from './core/thread.ts';
import type { Caller, Clock } from './ports.ts';
import { Refused } from './refused.ts';

/** A refusal for asking too often waits until the next token is due, within these bounds, so that a loop slows itself. */
const lateRefusalMsec = { min: 50, max: 1000 };

/**
 * So many refusals of a user may wait at once; further ones are given at once, since what waits costs memory. Fewer than
 * his calls that may wait at all (bus/waiting.ts): other calls of his are to be heard, too.
 */
const lateRefusalsMax = 224;

/** What asking costs: a token, of the process, of its user, and, for questions about grants, of a purse for these alone. */
export class Tolls {
  readonly #clock: Clock;
  #burst: BurstLimits;
  readonly #ofProcess: TokenBuckets<Pid>;
  readonly #ofUser: TokenBuckets<Uid>;
  readonly #ofQuestions: TokenBuckets<Uid>;
  readonly #lateRefusals = new Map<Uid, number>();

  constructor(burst: BurstLimits, clock: Clock) {
    this.#clock = clock;
    this.#burst = burst;
    this.#ofProcess = new TokenBuckets(burst.processRequests, burst.processRefillPerSec);
    this.#ofUser = new TokenBuckets(burst.userRequests, burst.userRefillPerSec);
    this.#ofQuestions = new TokenBuckets(burst.userRequests, burst.userRefillPerSec);
  }

  get burst(): BurstLimits {
    return this.#burst;
  }

  set burst(burst: BurstLimits) {
    this.#burst = burst;
    this.#ofProcess.resize(burst.processRequests, burst.processRefillPerSec);
    for (const each of [this.#ofUser, this.#ofQuestions]) each.resize(burst.userRequests, burst.userRefillPerSec);
  }

  /** @throws Refused 'burst', late */
  async ofProcess(caller: Caller, pid: Pid): Promise<void> {
    await this.#charge(caller, this.#ofProcess.take(pid, this.#clock.bootMsec()), 'process');
  }

  /** @throws Refused 'burst', late */
  async ofUser(caller: Caller): Promise<void> {
    await this.#charge(caller, this.#ofUser.take(caller.uid, this.#clock.bootMsec()), 'user');
  }

  /** Looking must not cost anybody the tokens that his programs will want. @throws Refused 'burst', late */
  async ofQuestion(caller: Caller): Promise<void> {
    await this.#charge(caller, this.#ofQuestions.take(caller.uid, this.#clock.bootMsec()), 'user');
  }

  /** Requests this user may make at once now. */
  left(uid: Uid): number {
    return this.#ofUser.left(uid, this.#clock.bootMsec());
  }

  /** What a request of this process would be refused with now, for asking too often. */
  due({ pid, uid }: Process): Refusal | undefined {
    const nowMsec = this.#clock.bootMsec();
    const ofProcess = this.#ofProcess.dueMsec(pid, nowMsec);
    if (ofProcess > 0) return { reason: 'burst', of: 'process', retryMsec: ofProcess };
    const ofUser = this.#ofUser.dueMsec(uid, nowMsec);
    return ofUser > 0 ? { reason: 'burst', of: 'user', retryMsec: ofUser } : undefined;
  }

  async #charge({ uid }: Caller, retryMsec: number, of: 'user' | 'process'): Promise<void> {
    if (retryMsec === 0) return;
    const late = this.#lateRefusals.get(uid) ?? 0;
    if (late < lateRefusalsMax) {
      this.#lateRefusals.set(uid, late + 1);
      // One behind the other, or many connections at once would make a flood out of late refusals.
      const queueMsec = (late * lateRefusalMsec.max) / lateRefusalsMax;
      const dueMsec = Math.max(lateRefusalMsec.min, retryMsec) + queueMsec;
      await this.#clock.sleep(Math.min(lateRefusalMsec.max, dueMsec));
      const left = (this.#lateRefusals.get(uid) ?? 1) - 1;
      if (left > 0) this.#lateRefusals.set(uid, left);
      else this.#lateRefusals.delete(uid);
    }
    throw new Refused({ reason: 'burst', of, retryMsec });
  }
}
