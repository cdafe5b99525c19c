import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openLibrary } from '../../src/linux/library.ts';
import { Proc } from '../../src/linux/proc.ts';
import { libraryPath } from './build.ts';

export interface Entry {
  readonly tgid?: number;
  readonly uids?: readonly [number, number, number, number];
  readonly nspid?: readonly number[];
  /** "pid:[…]" by this number; undefined: may not be read */
  readonly namespace?: number;
  readonly comm?: string;
  readonly state?: string;
  readonly starttime?: number;
  readonly threads?: number;
}

/** A /proc on paper, for what a real one does not do on demand. */
export class Tree implements Disposable {
  readonly root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'proc-'));
  readonly proc: Proc;

  /** Its readers are in a PID namespace that is one level deep, as on most machines. */
  constructor() {
    this.write('self/status', statusOf(1, { nspid: [1] }));
    this.proc = new Proc(openLibrary(libraryPath()), this.root);
  }

  process(pid: number, entry: Entry = {}): void {
    this.thread(pid, pid, entry);
    this.write(`${pid}/status`, statusOf(pid, { tgid: pid, ...entry }));
    if (entry.namespace !== undefined) this.link(`${pid}/ns/pid`, `pid:[${entry.namespace}]`);
  }

  thread(pid: number, tid: number, entry: Entry = {}): void {
    this.write(`${pid}/task/${tid}/stat`, statOf(tid, entry));
    this.write(`${pid}/task/${tid}/status`, statusOf(tid, { tgid: pid, ...entry }));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    rmSync(join(this.root, path), { force: true });
    symlinkSync(target, join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

const statOf = (tid: number, { comm = 'actor', state = 'S', starttime = 5000 }: Entry): string =>
  `${tid} (${comm}) ${state} 1 1 1 0 -1 4194560 71 0 0 0 0 0 0 0 20 0 1 0 ${starttime} 3207168 313\n`;

const statusOf = (tid: number, { tgid = tid, uids = alices, nspid = [tid], state = 'S', threads = 1 }: Entry): string =>
  `Name:\tactor\nState:\t${state} (sleeping)\nTgid:\t${tgid}\nPid:\t${tid}\nUid:\t${uids.join('\t')}\n` +
  `NStgid:\t${tgid}\nNSpid:\t${nspid.join('\t')}\nThreads:\t${threads}\n`;

const alices = [20_001, 20_001, 20_001, 20_001] as const;
