import { rmSync } from 'node:fs';

/** What this process has started and not ended yet. Nothing of it outlives the process, however that ends. */
const pids = new Set<number>();
const dirs = new Set<string>();
let watching = false;

export function willEnd(pid: number): void {
  watch();
  pids.add(pid);
}

export const ended = (pid: number): void => void pids.delete(pid);

export function willRemove(dir: string): void {
  watch();
  dirs.add(dir);
}

export function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  dirs.delete(dir);
}

function watch(): void {
  if (watching) return;
  watching = true;
  process.on('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => die(signal));
}

function endAll(): void {
  for (const pid of pids) kill(pid, 'SIGKILL');
  for (const dir of dirs) remove(dir);
}

/** Dies of the signal itself, so that a shell above sees why. */
function die(signal: NodeJS.Signals): void {
  endAll();
  process.kill(process.pid, signal);
}

/** @returns whether the process was still there */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
