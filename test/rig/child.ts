import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ended, kill, willEnd } from './remains.ts';
import type { User } from './users.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  /** Whom the program runs as, with no supplementary groups. */
  readonly user?: User;
}

/** Kept of a talkative program; more would only fill the memory. */
const linesMax = 10_000;

/** A program we started: what it said, whether it lives, and a way to end it. */
export class Child {
  readonly name: string;
  readonly pid: number;
  /** What it printed, standard output and error together. */
  readonly lines: string[] = [];
  readonly exited: Promise<Ending>;
  readonly process: ChildProcessWithoutNullStreams;
  #ending: Ending | undefined;
  /** Nobody can say anything more: it is over, and so is every child that had its output. */
  #silent = false;
  readonly #listeners = new Set<() => void>();

  private constructor(name: string, child: ChildProcessWithoutNullStreams, pid: number) {
    this.name = name;
    this.process = child;
    this.pid = pid;
    willEnd(pid);
    for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => this.#hear(line));
    child.stdin.on('error', () => {}); // EPIPE: whoever writes learns of it from `exited`.
    child.once('exit', (code, signal) => {
      this.#ending = { code, signal };
      ended(pid);
    });
    this.exited = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.#silent = true;
        for (const listener of this.#listeners) listener();
        resolve({ code, signal });
      }),
    );
  }

  /** @throws if there is no such program */
  static async start(name: string, command: readonly string[], { env = {}, user }: Start = {}): Promise<Child> {
    const [file = name, ...args] = command;
    const identity = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    const child = spawn(file, args, { env: { PATH: process.env.PATH, LC_ALL: 'C', ...env }, cwd: '/', ...identity });
    if (child.pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve));
    return new Child(name, child, child.pid);
  }

  get alive(): boolean {
    return this.#ending === undefined;
  }

  /** Waits for a line, from the given one on. @throws with everything it said, if it dies or stays silent */
  async line(pattern: RegExp, { from = 0, timeoutMsec = 10_000 } = {}): Promise<string> {
    const found = () => this.lines.slice(from).find((line) => pattern.test(line));
    await this.#until(() => found() !== undefined || this.#silent, timeoutMsec);
    const line = found();
    if (line === undefined) throw new Error(this.epitaph(`did not say ${pattern}`));
    return line;
  }

  /** SIGTERM, and SIGKILL for whoever does not listen within `graceMsec`. */
  async stop(graceMsec = 5000): Promise<Ending> {
    this.process.stdin.end();
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    await this.#until(() => this.#silent, graceMsec);
    this.signal('SIGKILL');
    return await this.exited;
  }

  /** Not once it is over: its pid may be somebody else's by then. */
  signal(signal: NodeJS.Signals): void {
    if (this.alive) kill(this.pid, signal);
  }

  epitaph(complaint: string): string {
    const state = this.#ending ? ` (ended with ${this.#ending.signal ?? this.#ending.code})` : '';
    return `${this.name} ${complaint}${state}:\n${this.lines.slice(-40).join('\n')}`;
  }

  #hear(line: string): void {
    if (this.lines.length < linesMax) this.lines.push(line);
    for (const listener of this.#listeners) listener();
  }

  #until(come: () => boolean, timeoutMsec: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => come() && settle();
      const settle = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const timer = setTimeout(settle, timeoutMsec);
      this.#listeners.add(look);
      look();
    });
  }
}
