import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Ending } from './child.ts';
import { makeHome, startProgram } from './home.ts';
import { built } from './paths.ts';
import type { Rig } from './rig.ts';
import type { User } from './users.ts';

/** What it asked, how long it waited for the answer, and the error's name if that was one. */
export interface Asked {
  readonly call: string;
  readonly usec: number;
  readonly error?: string;
}

/** One of the programs that test/fixtures/clients knows how to play, run as an ordinary user. */
export class Client {
  readonly #child: Child;
  #read = 0;

  private constructor(child: Child) {
    this.#child = child;
  }

  static async start(rig: Rig, name: string, user: User): Promise<Client> {
    return new Client(await startProgram(rig, makeHome(rig, user), [copied(rig, 'clients'), name]));
  }

  /** Goes on to that stage, and resolves with its threads. @throws with all it said, when it does not come so far */
  async reach(stage: string): Promise<readonly number[]> {
    this.#child.process.stdin.write('\n');
    const start = `{"stage":"${stage}"`;
    const line = await this.#child.line(new RegExp(`^${start}`), { from: this.#read });
    this.#read = this.#child.lines.indexOf(line, this.#read) + 1;
    return (JSON.parse(line) as { threads: number[] }).threads;
  }

  get asked(): readonly Asked[] {
    return this.#child.lines.filter((line) => line.startsWith('{"call"')).map((line) => JSON.parse(line) as Asked);
  }

  /** What it called, in this order; of a Get the property as well. */
  get calls(): readonly string[] {
    return this.asked.map(({ call }) => call);
  }

  get errors(): readonly Asked[] {
    return this.asked.filter(({ error }) => error !== undefined);
  }

  stop(): Promise<Ending> {
    return this.#child.stop();
  }
}

/** A program of ours where any user may run it: the checkout may lie in a closed home. @returns its path */
export function copied(rig: Rig, program: string): string {
  const file = join(rig.dir, program);
  if (!existsSync(file)) copyFileSync(built(`build/${program}`), file);
  return file;
}
