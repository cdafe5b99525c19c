import { type Caller, type Face, ownFace, type Reply, rtkitFace } from '../rig/caller.ts';
import type { Chance } from '../rig/chance.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';

/** What a thread must have by the last reply about it; 'unsure' when none came. */
export type Due =
  | { readonly policy: 'rr'; readonly priority: number }
  | { readonly nice: number }
  | 'nothing'
  | 'unsure';

const threadsMax = 6;

/** A program that never stops asking, whoever is there to answer; it knows what it has been told it has. */
export class Asker {
  readonly caller: Caller;
  readonly due = new Map<number, Due>();
  readonly outcomes = new Map<string, number>();
  /** How often a new thread had the tid of one that had ended. */
  reused = 0;
  readonly #past = new Set<number>();
  readonly #chance: Chance;
  readonly #pauseMsec: number;
  #working: Promise<void> = Promise.resolve();
  #stopped = true;

  /** @param pauseMsec between two deeds, on average */
  constructor(caller: Caller, chance: Chance, pauseMsec = 0) {
    this.caller = caller;
    this.#chance = chance;
    this.#pauseMsec = pauseMsec;
    this.due.set(caller.pid, 'nothing');
  }

  work(): void {
    this.#stopped = false;
    this.#working = this.#work();
  }

  /** Resolves when the last reply is there, or is known never to come. */
  async pause(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      if (this.#pauseMsec > 0) await this.caller.wait(this.#chance.below(2 * this.#pauseMsec));
      await this.#act();
    }
  }

  async #act(): Promise<void> {
    const chance = this.#chance.random();
    const tids = [...this.due.keys()];
    const tid = this.#chance.one(tids);
    if (chance < 0.1 && tids.length < threadsMax) return await this.#begin();
    if (chance < 0.2 && tid !== this.caller.pid) return await this.#end(tid);
    const face = this.#chance.one([ownFace, rtkitFace]);
    if (chance < 0.4) return await this.#ask(face, tid, { nice: this.#chance.below(2) });
    if (chance < 0.55) return await this.#ask(face, tid, { nice: -1 - this.#chance.below(15) });
    await this.#ask(face, tid, { policy: 'rr', priority: 1 + this.#chance.below(20) });
  }

  async #begin(): Promise<void> {
    const tid = await this.caller.thread();
    this.due.set(tid, 'nothing');
    if (this.#past.has(tid)) this.reused++;
  }

  async #end(tid: number): Promise<void> {
    await this.caller.end(tid);
    this.due.delete(tid);
    this.#past.add(tid);
  }

  async #ask(face: Face, tid: number, wanted: Exclude<Due, string>): Promise<void> {
    const request =
      'nice' in wanted ? highPriority(this.caller, tid, wanted.nice) : realtime(this.caller, tid, wanted.priority);
    const reply = await ask(face, request);
    const outcome = outcomeOf(reply);
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (outcome === 'granted') this.due.set(tid, 'nice' in wanted && wanted.nice >= 0 ? 'nothing' : wanted);
    if (outcome === 'unanswered') this.due.set(tid, 'unsure');
    if (outcome === 'nobody there') await this.caller.wait(5);
  }
}

const bus = 'org.freedesktop.DBus.Error.';

/** @returns in one word, or the error that came */
function outcomeOf(reply: Reply): string {
  if (reply.ok) return 'granted';
  if (reply.error === `${bus}NoReply` || reply.error === `${bus}Disconnected`) return 'unanswered';
  // The bus has nobody to give it to: it was never delivered.
  if (reply.error === `${bus}ServiceUnknown` || reply.error === `${bus}NameHasNoOwner`) return 'nobody there';
  return reply.error;
}
