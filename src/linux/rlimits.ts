import type { Rttime } from '../core/judge.ts';

/**
 * The hard RLIMIT_RTTIME in /proc/PID/limits, in µs. The soft one says nothing: after each SIGXCPU the kernel raises it
 * by a second, beyond the hard one too.
 * @throws Error when there is no such line
 */
export function parseRttime(limits: string): Exclude<Rttime, 'unread'> {
  const hard = /^Max realtime timeout +(?:\d+|unlimited) +(\d{1,20}|unlimited) +us *$/m.exec(limits)?.[1];
  if (hard === undefined)
    throw new Error(`no realtime timeout in limits of /proc: ${JSON.stringify(limits.slice(0, 200))}`);
  return hard === 'unlimited' ? hard : BigInt(hard);
}
