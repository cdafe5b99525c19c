import { appendFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../test/rig/child.ts';
import { built } from '../../test/rig/paths.ts';
import type { Rig } from '../../test/rig/rig.ts';

/** Of the first of them. */
const firstUid = 20_000;
/** The group that polkit's rule of the rig speaks of. */
const realtimeGid = 4299;

export interface Listed {
  readonly usec: readonly number[];
  readonly grants: number;
}

/** Many users, each with a process whose threads sleep and are granted realtime; bench/crowd/main.c. */
export class Crowd {
  readonly #program: Child;

  private constructor(program: Child) {
    this.#program = program;
  }

  static async start(rig: Rig, users: number, connections: number): Promise<Crowd> {
    const lines = Array.from({ length: users }, (_, index) => {
      const uid = firstUid + index;
      return `crowd${index}:x:${uid}:${realtimeGid}::/nonexistent:/bin/false\n`;
    });
    // Neither bus nor polkit hears whom nobody knows.
    appendFileSync(join(rig.dir, 'passwd'), lines.join(''));
    const file = join(rig.dir, 'bench-crowd');
    copyFileSync(built('build/bench-crowd'), file);
    const words = [rig.address, `${firstUid}`, `${users}`, `${connections}`];
    return new Crowd(await Child.start('bench-crowd', [file, ...words]));
  }

  /** Has so many threads granted in all. @throws if one is not, on the kernel's word */
  async hold(count: number): Promise<void> {
    await this.#ask('hold', count);
  }

  /** What everything that is granted, listed for root so many times, took. */
  async list(count: number): Promise<Listed> {
    return JSON.parse(await this.#ask('list', count)) as Listed;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  async #ask(verb: string, count: number): Promise<string> {
    const from = this.#program.lines.length;
    this.#program.process.stdin.write(`${verb} ${count}\n`);
    return await this.#program.line(new RegExp(`^{"what":"${verb}"`), { from, timeoutMsec: 600_000 });
  }
}
