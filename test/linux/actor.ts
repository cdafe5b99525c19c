import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pid, Tid, Uid } from '../../src/core/thread.ts';
import { actorPath } from './build.ts';

/** A directory that any user can run the actor from: plainly, and as root. */
export class Wardrobe implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'actors-'));
  readonly plain = join(this.directory, 'actor');
  readonly setuidRoot = join(this.directory, 'setuid', 'actor');

  constructor() {
    chmodSync(this.directory, 0o755);
    mkdirSync(join(this.directory, 'setuid'));
    for (const path of [this.plain, this.setuidRoot]) copyFileSync(actorPath(), path);
    chownSync(this.setuidRoot, 0, 0);
    chmodSync(this.setuidRoot, 0o4755);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

const replyWithinMsec = 10_000;

/**
 * A process that plays what it is told, see test/fixtures/actor.c. All is done when a method returns, without the event
 * loop: a test can let the world change in the middle of a synchronous call.
 */
export class Actor implements Disposable {
  readonly child: ChildProcess;
  /** Its pid as we see it, and as it sees itself in its own PID namespace. */
  readonly pid: Pid;
  readonly ownPid: number;
  readonly #to: number;
  readonly #from: number;

  /** @param prefix a command that runs the command after it, like "unshare --pid --fork" */
  constructor(wardrobe: Wardrobe, uid: Uid, prefix: readonly string[] = []) {
    const [command, ...args] = [...prefix, wardrobe.plain];
    const paths = ['stdin', 'stdout'].map((name) => join(wardrobe.directory, name)) as [string, string];
    // Node can neither make an anonymous pipe nor talk to a child without its event loop.
    execFileSync('mkfifo', paths);
    const stdin = openPipe(paths[0], 0);
    const stdout = openPipe(paths[1], constants.O_NONBLOCK);
    this.child = spawn(command as string, args, { stdio: [stdin.reader, stdout.writer, 'inherit'], uid, gid: uid });
    closeSync(stdin.reader);
    closeSync(stdout.writer);
    this.#to = stdin.writer;
    this.#from = stdout.reader;
    this.ownPid = Number(this.#read());
    this.pid = actorBelow(this.child.pid as Pid);
  }

  addThread = (): Tid => Number(this.say('thread')) as Tid;

  say(line: string): string {
    writeSync(this.#to, `${line}\n`);
    const reply = this.#read();
    if (reply.startsWith('error ')) throw new Error(`actor, told '${line}': ${reply}`);
    return reply;
  }

  [Symbol.dispose](): void {
    closeSync(this.#to);
    closeSync(this.#from);
    this.child.kill('SIGKILL');
  }

  #read(): string {
    const byte = Buffer.alloc(1);
    const line: number[] = [];
    for (const deadline = performance.now() + replyWithinMsec; performance.now() < deadline; ) {
      const count = readIfAny(this.#from, byte);
      if (count === 0) throw new Error('the actor has ended');
      if (count === undefined) pause(1);
      else if (byte[0] === 0x0a) return Buffer.from(line).toString();
      else line.push(byte[0]!);
    }
    throw new Error('the actor does not answer');
  }
}

/** Waits without the event loop. */
export function pause(msec: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, msec);
}

/** Both ends of a named pipe, which needs its name no longer. */
function openPipe(path: string, readerFlags: number): { readonly reader: number; readonly writer: number } {
  const both = openSync(path, constants.O_RDWR);
  const reader = openSync(path, constants.O_RDONLY | readerFlags);
  const writer = openSync(path, constants.O_WRONLY);
  closeSync(both);
  rmSync(path);
  return { reader, writer };
}

function readIfAny(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer);
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'EAGAIN') return undefined;
    throw fault;
  }
}

/** The command that was started, or the one it runs for us. */
function actorBelow(pid: Pid): Pid {
  if (readFileSync(`/proc/${pid}/comm`, 'utf8') === 'actor\n') return pid;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return actorBelow(Number(child) as Pid);
}
