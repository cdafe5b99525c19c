import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Tid } from '../../src/core/thread.ts';
import { SyscallError } from '../../src/linux/errno.ts';
import { Exits } from '../../src/linux/exits.ts';
import { type Library, openLibrary } from '../../src/linux/library.ts';
import type { WaiterPointer } from '../../src/linux/native.ts';
import { mainThread } from '../contracts/stage.ts';
import { libraryPath } from './build.ts';
import { LinuxStage } from './stage.ts';

const library = openLibrary(libraryPath());
const eventually = <Value>(value: () => Value) => expect.poll(value, { timeout: 4000 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('word of exits', () => {
  test('comes for a worker and for a main thread, each once, and only when it has ended', async () => {
    using stage = new LinuxStage();
    using exits = new Exits(library);
    const pid = stage.spawn();
    const tid = stage.addThread(pid);
    const ended: Tid[] = [];
    for (const each of [tid, mainThread(pid)]) {
      const pidfd = library.openThread(each);
      exits.watch(pidfd, () => {
        ended.push(each);
        closeSync(pidfd);
      });
    }
    for (let count = 0; count < 10; count++) await turn();
    expect(ended).toEqual([]);
    stage.endThread(pid, tid);
    await eventually(() => ended).toEqual([tid]);
    stage.kill(pid);
    await eventually(() => ended).toEqual([tid, pid]);
  });

  test('comes in bursts of thousands without loss', async () => {
    using stage = new LinuxStage();
    using exits = new Exits(library);
    const pid = stage.spawn();
    const heard = new Map<number, number>();
    const pidfds = Array.from({ length: 6000 }, () => library.openThread(mainThread(pid)));
    for (const pidfd of pidfds) exits.watch(pidfd, () => heard.set(pidfd, (heard.get(pidfd) ?? 0) + 1));
    stage.kill(pid);
    await eventually(() => heard.size).toBe(pidfds.length);
    expect([...heard.values()].every((times) => times === 1)).toBe(true);
    for (const pidfd of pidfds) closeSync(pidfd);
  });

  test('does not come for who was forgotten, even when it was on its way', async () => {
    using stage = new LinuxStage();
    using exits = new Exits(library);
    const pid = stage.spawn();
    const heard: string[] = [];
    const pidfds = [0, 1].map(() => library.openThread(mainThread(pid))) as [number, number];
    const forget = exits.watch(pidfds[0], () => heard.push('forgotten'));
    exits.watch(pidfds[1], () => heard.push('watched'));
    stage.kill(pid);
    forget();
    await eventually(() => heard).toEqual(['watched']);
    for (const pidfd of pidfds) closeSync(pidfd);
  });

  test('goes to the right one of two, in one process', async () => {
    using stage = new LinuxStage();
    using one = new Exits(library);
    using other = new Exits(library);
    const heard: string[] = [];
    const [first, second] = [stage.spawn(), stage.spawn()];
    one.watch(library.openThread(mainThread(first)), () => heard.push('first'));
    other.watch(library.openThread(mainThread(second)), () => heard.push('second'));
    stage.kill(second);
    await eventually(() => heard).toEqual(['second']);
    stage.kill(first);
    await eventually(() => heard).toEqual(['second', 'first']);
  });

  test('is not to be had of what is no pidfd', () => {
    using exits = new Exits(library);
    expect(() => exits.watch(99_999, () => {})).toThrow(SyscallError);
  });
});

describe('the stream of records', () => {
  /** An Exits whose records are written here. */
  const open = () => {
    const directory = mkdtempSync(join(tmpdir(), 'records-'));
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const both = openSync(path, constants.O_RDWR);
    const reports = openSync(path, constants.O_RDONLY);
    const writer = openSync(path, constants.O_WRONLY);
    closeSync(both);
    rmSync(directory, { recursive: true });
    let cookie = 0;
    const scripted: Library = {
      ...library,
      openWaiter: () => ({ waiter: 0n as WaiterPointer, reports }),
      watch: () => ++cookie,
      forget: () => {},
      closeWaiter: () => {},
    };
    return { exits: new Exits(scripted), writer };
  };

  test('may be cut anywhere', async () => {
    const { exits, writer } = open();
    const heard: number[] = [];
    for (const cookie of [1, 2, 3]) exits.watch(0, () => heard.push(cookie));
    const bytes = Buffer.from(BigUint64Array.of(2n, 77n, 3n, 1n, 1n).buffer);
    for (let at = 0; at < bytes.length; at += 3) {
      writeSync(writer, bytes.subarray(at, at + 3));
      await turn();
      await turn();
    }
    await eventually(() => heard).toEqual([2, 3, 1]);
    exits[Symbol.dispose]();
    closeSync(writer);
  });

  test('must not end', async () => {
    const { exits, writer } = open();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const fault = new Promise((resolve) => process.once('uncaughtException', resolve));
    closeSync(writer);
    expect(String(await fault)).toContain('the exit waiter has ended');
    for (const listener of listeners) process.on('uncaughtException', listener);
    exits[Symbol.dispose]();
  });
});
