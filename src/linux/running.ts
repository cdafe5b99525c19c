import { readFileSync, readlinkSync } from 'node:fs';
import { type Policy, policies } from '../core/scheduling.ts';
import type { Pid, Tid } from '../core/thread.ts';
import { parseRttime } from './rlimits.ts';
import { hasEnded, parseStat } from './stat.ts';
import { parseStatus } from './status.ts';

/** What a thread runs as, by the fields of /proc/PID/task/TID/stat behind those that the broker lives by. */
export interface Running {
  readonly policy: Policy;
  /** A priority under a realtime policy, a nice level under the others. */
  readonly level: number;
}

/**
 * Fields 19, 40 and 41; counted from the last ')', as in parseStat.
 * @throws Error when it is no stat
 */
export function parseRunning(text: string): Running {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [nice, priority, policy] = [19, 40, 41].map((number) => {
    const digits = fields[number - 3] ?? '';
    if (!/^-?\d{1,3}$/.test(digits)) throw new Error(`not a stat of /proc: ${JSON.stringify(text.slice(0, 200))}`);
    return Number(digits);
  }) as [number, number, number];
  const word = policies[policy] ?? 'unknown';
  return { policy: word, level: word === 'fifo' || word === 'rr' ? priority : nice };
}

/** How often a thread went to sleep by itself, from its status. @throws Error when it does not say so */
export function parseSleeps(status: string): number {
  const sleeps = /^voluntary_ctxt_switches:\t(\d{1,15})$/m.exec(status)?.[1];
  if (sleeps === undefined)
    throw new Error(`no context switches in status of /proc: ${JSON.stringify(status.slice(0, 200))}`);
  return Number(sleeps);
}

/** All that everybody may know about a thread, for who looks seldom; undefined when it is not there (any more). */
export function lookAt(pid: Pid, tid: Tid, root = '/proc') {
  const read = (path: string) => readFileSync(`${root}/${pid}/${path}`, 'utf8');
  try {
    const [stat, status, limits] = [read(`task/${tid}/stat`), read(`task/${tid}/status`), read('limits')];
    // Of a process that ends meanwhile nothing is left to tell.
    if (stat === '' || status === '' || limits === '') return undefined;
    const { comm, state } = parseStat(stat);
    if (hasEnded({ state })) return undefined;
    const [uid = 0] = parseStatus(status).uids;
    const rttimeUsec = parseRttime(limits);
    const running = { ...parseRunning(stat), sleeps: parseSleeps(status) };
    return { uid, comm, state, program: programOf(`${root}/${pid}/exe`), ...running, rttimeUsec };
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault) return undefined;
    throw fault;
  }
}

/** Empty when there is none, or we may not look. */
function programOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
