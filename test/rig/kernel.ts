import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { built } from './paths.ts';

/** How the kernel runs a thread, on the kernel's word. */
export interface Look {
  readonly tid: number;
  readonly policy: string;
  readonly priority: number;
  readonly resetOnFork: boolean;
  readonly nice: number;
  /** RLIMIT_RTTIME in µs. */
  readonly rttimeSoft: number | 'unlimited';
  readonly rttimeHard: number | 'unlimited';
}

/** @returns undefined when the thread is gone */
export const look = (tid: number): Look | undefined => looks([tid])[0];

/** Those of them that still live. */
export function looks(tids: readonly number[]): Look[] {
  const lines = execFileSync(built('build/look'), tids.map(String), { encoding: 'utf8' }).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Look & { gone?: true }).filter(({ gone }) => !gone);
}

/** The threads of a process, as this machine numbers them. */
export const tidsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

export const commOf = (pid: number, tid: number): string =>
  readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trimEnd();

/** Which thread of that process has this tid inside its own PID namespace. */
export function hostTid(pid: number, tidInside: number): number | undefined {
  return tidsOf(pid).find((tid) => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    return Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]) === tidInside;
  });
}
