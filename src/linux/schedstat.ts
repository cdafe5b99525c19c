/**
 * CPU time used in µs, from /proc/PID/task/TID/schedstat: nanoseconds run, nanoseconds waited, time slices.
 * @throws Error when it is no schedstat
 */
export function parseRunUsec(schedstat: string): bigint {
  const run = /^(\d{1,20}) \d+ \d+\s*$/.exec(schedstat)?.[1];
  if (run === undefined) throw new Error(`not a schedstat of /proc: ${JSON.stringify(schedstat.slice(0, 200))}`);
  return BigInt(run) / 1000n;
}
