import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Child, type Ending } from './child.ts';
import { built } from './paths.ts';
import type { User } from './users.ts';

/** An object on the bus, and the interface that is meant there. */
export interface Face {
  readonly name: string;
  readonly path: string;
  /** undefined: the call carries none. */
  readonly interface?: string | undefined;
}

const faceOf = (name: string): Face => ({ name, path: `/${name.replaceAll('.', '/')}`, interface: name });

export const ownFace = faceOf('org.example.RealtimeBroker');
export const rtkitFace = faceOf('org.freedesktop.RealtimeKit1');

/**
 * Strings without spaces; '*N' stands for N bytes of them, and for an array "ay" of N. Other containers as busctl has
 * them: an array is its length and its elements, a variant its signature and its value.
 */
export type Argument = number | bigint | boolean | string;

/** The body is as busctl --json shows it: a variant is { type, data }, a dictionary an object. */
export type Reply =
  | { readonly ok: true; readonly type: string; readonly data: readonly unknown[]; readonly usec: number }
  | { readonly ok: false; readonly error: string; readonly text: string; readonly usec: number };

export interface Crowd {
  readonly granted: number;
  /** How often which error came. */
  readonly errors: Readonly<Record<string, number>>;
  /** From first to last, and of single answers, in µs. */
  readonly usec: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A signal that came, its body as busctl --json shows it. */
export interface Heard {
  readonly sender: string;
  readonly interface: string;
  readonly member: string;
  readonly type: string;
  readonly data: readonly unknown[];
}

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly text?: string;
  readonly [key: string]: unknown;
}

/** test/fixtures/caller.c, run as some user. Its commands are carried out one after the other. */
export class Caller {
  readonly user: User;
  /** As this machine sees it; another one inside a PID namespace. */
  pid: number;
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(user: User, child: Child, answers: AsyncIterator<string>) {
    this.user = user;
    this.pid = child.pid;
    this.#child = child;
    this.#answers = answers;
  }

  /** Copied to where any user may run it: the checkout may lie in a closed home. */
  static async start(dir: string, address: string, user: User): Promise<Caller> {
    const file = join(dir, 'caller');
    if (!existsSync(file)) copyFileSync(built('build/caller'), file);
    const child = await Child.start(`caller of ${user.name}`, [file], {
      env: { DBUS_SYSTEM_BUS_ADDRESS: address },
      user,
    });
    const lines = createInterface(child.process.stdout)[Symbol.asyncIterator]();
    const caller = new Caller(user, child, lines);
    await caller.#read('hello');
    return caller;
  }

  /** A thread that sleeps. @returns its tid, in the caller's own PID namespace */
  async thread(): Promise<number> {
    return (await this.#ask('thread')).tid as number;
  }

  /** Ends a thread; it is gone from /proc when this resolves. */
  async end(tid: number): Promise<void> {
    await this.#ask('end', tid);
  }

  /** The caller itself takes its thread back to SCHED_OTHER. */
  async relax(tid: number): Promise<void> {
    await this.#ask('relax', tid);
  }

  /** RLIMIT_RTTIME in µs. */
  async rttime(soft: number | 'unlimited', hard: number | 'unlimited'): Promise<void> {
    await this.#ask('rttime', soft, hard);
  }

  async setresuid(real: number, effective: number, saved: number): Promise<void> {
    await this.#ask('setresuid', real, effective, saved);
  }

  /** A sleeping child of one thread. @returns its pid */
  async fork(): Promise<number> {
    return (await this.#ask('fork')).pid as number;
  }

  async reap(pid: number): Promise<void> {
    await this.#ask('reap', pid);
  }

  /**
   * This worker thread, or the leader, runs the program anew, or a copy of it: all threads and the connection are gone
   * then.
   */
  async exec(tid = 0, program?: string): Promise<void> {
    await this.#ask('exec', tid, ...(program === undefined ? [] : [program]));
  }

  /** The main thread ends; the process goes on without it. */
  async leave(): Promise<void> {
    await this.#ask('leave');
  }

  /** Goes on as process 1 of a new PID namespace, without threads, with a new pid here. */
  async enterPidNamespace(): Promise<void> {
    this.pid = (await this.#ask('enter-pid-namespace')).hostPid as number;
  }

  async wait(msec: number): Promise<void> {
    await this.#ask('wait', msec);
  }

  /** @returns the unique name of the connection that stays */
  async connect(): Promise<string> {
    return (await this.#ask('connect')).name as string;
  }

  async close(): Promise<void> {
    await this.#ask('close');
  }

  /** A call on the connection that stays. */
  call(face: Face, member: string, signature = '', ...args: Argument[]): Promise<Reply> {
    return this.#reply('call', ...callWords(face, member, signature, args));
  }

  /** The same, and lets polkit ask a person for a password. */
  askPerson(face: Face, member: string, signature = '', ...args: Argument[]): Promise<Reply> {
    return this.#reply('ask-person', ...callWords(face, member, signature, args));
  }

  /** The same on a connection of its own, closed at once. */
  fresh(face: Face, member: string, signature = '', ...args: Argument[]): Promise<Reply> {
    return this.#reply('fresh', ...callWords(face, member, signature, args));
  }

  /** A call after which, `msec` later, both RLIMIT_RTTIMEs are set to `usec`. */
  lateRttime(msec: number, usec: number, face: Face, member: string, signature: string, ...args: Argument[]) {
    return this.#reply('late-rttime', msec, usec, usec, ...callWords(face, member, signature, args));
  }

  /** A call that says NO_REPLY_EXPECTED. */
  async noreply(face: Face, member: string, signature = '', ...args: Argument[]): Promise<void> {
    await this.#ask('noreply', ...callWords(face, member, signature, args));
  }

  /** A call that expects a reply; nobody waits for it. */
  async send(face: Face, member: string, signature = '', ...args: Argument[]): Promise<void> {
    await this.#ask('send', ...callWords(face, member, signature, args));
  }

  /** So many connections, each making the same call so many times, one after the other. */
  async crowd(connections: number, rounds: number, face: Face, member: string, signature = '', ...args: Argument[]) {
    const answer = await this.#ask('crowd', connections, rounds, ...callWords(face, member, signature, args));
    return answer as unknown as Crowd;
  }

  /** So many connections, each making the same call and waiting for no reply, for half a minute or until it is killed. */
  async flood(connections: number, face: Face, member: string, signature = '', ...args: Argument[]): Promise<void> {
    await this.#ask('flood', connections, ...callWords(face, member, signature, args));
  }

  /** Resolves when that process owns the bus name. */
  async awaitName(name: string, pid: number, timeoutMsec: number): Promise<void> {
    await this.#ask('await-name', name, pid, timeoutMsec);
  }

  /** The signals that have come to the connection that stays since this was last asked. */
  async signals(): Promise<readonly Heard[]> {
    return (await this.#ask('signals')).signals as readonly Heard[];
  }

  get exited(): Promise<Ending> {
    return this.#child.exited;
  }

  kill(): void {
    this.#child.signal('SIGKILL');
  }

  stop(): Promise<Ending> {
    return this.#child.stop();
  }

  /** @throws unless it went well: what a test only prepares with must not fail in silence */
  async #ask(...words: Argument[]): Promise<Answer> {
    const answer = await this.#say(words);
    if (!answer.ok) throw new Error(`${words.join(' ')}: ${answer.text}: ${answer.error}`);
    return answer;
  }

  async #reply(...words: Argument[]): Promise<Reply> {
    return (await this.#say(words)) as unknown as Reply;
  }

  #say(words: readonly Argument[]): Promise<Answer> {
    const line = words.join(' ');
    const answer = this.#last.then(() => {
      this.#child.process.stdin.write(`${line}\n`);
      return this.#read(line);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #read(line: string): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(this.#child.epitaph(`ended at '${line}'`));
    return JSON.parse(value) as Answer;
  }
}

const callWords = (face: Face, member: string, signature: string, args: readonly Argument[]): Argument[] => [
  ...[face.name, face.path, face.interface ?? '-', member, signature || '-'],
  ...args.map((arg) => (arg === '' ? "''" : typeof arg === 'boolean' ? Number(arg) : arg)),
];
