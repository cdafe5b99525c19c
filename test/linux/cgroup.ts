import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { pause } from './actor.ts';

const mount = '/sys/fs/cgroup/cpu';

/** A control group without a share of realtime, which takes the process in for as long as it is there. */
export class PoorGroup implements Disposable {
  readonly #pid: number;
  readonly #path: string;
  readonly #former: string;

  constructor(pid: number) {
    const former = /^\d+:(?:.*,)?cpu(?:,.*)?:(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    this.#pid = pid;
    this.#former = `${mount}${former}`;
    this.#path = `${mount}/poor-${pid}`;
    mkdirSync(this.#path);
    writeFileSync(`${this.#path}/cgroup.procs`, `${pid}`);
  }

  [Symbol.dispose](): void {
    if (existsSync(`/proc/${this.#pid}`)) writeFileSync(`${this.#former}/cgroup.procs`, `${this.#pid}`);
    for (let tries = 0; existsSync(this.#path) && tries < 100; tries++) {
      try {
        rmdirSync(this.#path);
      } catch {
        pause(10);
      }
    }
  }
}
