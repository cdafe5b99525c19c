import { copyFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Face, ownFace } from './caller.ts';
import { Child } from './child.ts';
import { built } from './paths.ts';
import type { User } from './users.ts';

/** Where threads burn: never on the first CPU, if there is another one. */
export const loadCpu = availableParallelism() > 1 ? 1 : 0;

/** What a thread does, again and again. Without idle time it never sleeps, and must not be made realtime. */
export interface Part {
  /** A hog is busy for a time by the clock; a player for an amount of CPU time, due when its period ends. */
  readonly kind: 'hog' | 'player';
  readonly busyUsec: number;
  readonly idleUsec: number;
  readonly cpu?: number;
}

export const hog = (idleUsec = 1, busyUsec = 150_000): Part => ({ kind: 'hog', busyUsec, idleUsec });
export const player = (busyUsec: number, periodUsec: number): Part => ({
  kind: 'player',
  busyUsec,
  idleUsec: periodUsec - busyUsec,
});
/** In the gaps that a hog of higher priority leaves, so that nobody else gets in; too little to do harm by itself. */
export const accomplice: Part = player(30_000, 10_000_000);
/** Ordinary work without a pause. */
export const spinner = (cpu = loadCpu): Part => ({ kind: 'hog', busyUsec: 1_000_000, idleUsec: 0, cpu });
/** Wants to do next to nothing, but does not want to wait. */
export const bystander: Part = player(20, 10_000);

/** A thread noticed that its policy was another one. */
export interface Change {
  readonly changed: number;
  readonly policy: string;
  /** CLOCK_MONOTONIC. */
  readonly atUsec: number;
  /** Since it began to work. */
  readonly afterUsec: number;
}

/** What became of a player. Missed are the ends of periods that came before it was done. */
export interface Outcome {
  readonly tid: number;
  readonly periods: number;
  readonly missed: number;
  readonly worstWakeUsec: number;
  readonly worstLateUsec: number;
}

export interface LoadAnswer {
  readonly answer: string;
  readonly text?: string;
}

/** test/fixtures/load.c, run as some user: a program whose threads burn, which ends by itself soon. */
export class Load {
  readonly user: User;
  readonly pid: number;
  readonly tids: readonly number[];
  readonly #child: Child;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(user: User, child: Child, tids: readonly number[]) {
    this.user = user;
    this.pid = child.pid;
    this.tids = tids;
    this.#child = child;
  }

  /** @param limitMsec after which it ends, from the first time it works; ten seconds at most */
  static async start(dir: string, address: string, user: User, limitMsec: number, parts: readonly Part[]) {
    const file = join(dir, 'load');
    if (!existsSync(file)) copyFileSync(built('build/load'), file);
    const words = parts.map(({ kind, cpu = loadCpu, busyUsec, idleUsec }) => `${kind}:${cpu}:${busyUsec}:${idleUsec}`);
    const env = { DBUS_SYSTEM_BUS_ADDRESS: address };
    const child = await Child.start(`load of ${user.name}`, [file, `${limitMsec}`, ...words], { env, user });
    const { tids } = JSON.parse(await child.line(/"tids"/)) as { tids: number[] };
    return new Load(user, child, tids);
  }

  /** The first thread, for loads that have one. */
  get tid(): number {
    return this.tids[0] ?? 0;
  }

  /** These threads, or all of them, burn from now on. */
  work = (...tids: number[]): Promise<void> => this.#expect('work', ...tids);
  rest = (...tids: number[]): Promise<void> => this.#expect('rest', ...tids);
  end = (...tids: number[]): Promise<void> => this.#expect('end', ...tids);

  /** The thread's own process gives it another policy; 'fifo', at priority 7, if it is root's. */
  policy = (tid: number, policy: 'other' | 'batch' | 'fifo'): Promise<void> => this.#expect('policy', tid, policy);
  setresuid = (uid: number): Promise<void> => this.#expect('setresuid', uid);

  /** It asks for one of its threads itself. @returns 'ok', or the error's name, and its text */
  ask = (face: Face, tid: number, priority: number): Promise<LoadAnswer> => this.#ask('ask', face.name, tid, priority);

  /** @throws unless the thread is granted what it asks for */
  async granted(tid: number, priority: number, face: Face = ownFace): Promise<void> {
    const { answer, text } = await this.ask(face, tid, priority);
    if (answer !== 'ok') throw new Error(`${answer}: ${text}`);
  }

  /** All that its threads have noticed so far. */
  get changes(): readonly Change[] {
    return this.#child.lines.filter((line) => line.startsWith('{"changed"')).map((line) => JSON.parse(line) as Change);
  }

  /** When the thread noticed that it ran so by now, after the first `from` changes. @throws when it does not come */
  async until(tid: number, policy: string, { from = 0, timeoutMsec = 5000 } = {}): Promise<Change> {
    const known = this.changes.slice(from);
    const before = this.#child.lines.length;
    const found = known.find((change) => change.changed === tid && change.policy === policy);
    if (found !== undefined) return found;
    const pattern = new RegExp(`^{"changed":${tid},"policy":"${policy}"`);
    return JSON.parse(await this.#child.line(pattern, { from: before, timeoutMsec })) as Change;
  }

  /** Ends it, or waits until it has. */
  async finish(): Promise<readonly Outcome[]> {
    if (this.#child.alive) this.#child.process.stdin.write('finish\n');
    await this.#child.exited;
    const { threads } = JSON.parse(await this.#child.line(/^{"threads"/)) as { threads: Outcome[] };
    return threads;
  }

  stop = () => this.#child.stop();

  /** @throws unless it went well */
  async #expect(...words: (string | number)[]): Promise<void> {
    const { answer } = await this.#ask(...words);
    if (answer !== 'ok') throw new Error(`${words.join(' ')}: ${answer}`);
  }

  /** One at a time, so that each answer belongs to its line. */
  #ask(...words: (string | number)[]): Promise<LoadAnswer> {
    const answer = this.#last.then(async () => {
      const from = this.#child.lines.length;
      this.#child.process.stdin.write(`${words.join(' ')}\n`);
      return JSON.parse(await this.#child.line(/^{"answer"/, { from })) as LoadAnswer;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }
}
