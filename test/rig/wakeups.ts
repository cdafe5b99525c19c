import { readdirSync, readFileSync } from 'node:fs';

/** How often each thread of a process was given a CPU, on the kernel's word: proc(5), status. By tid, with its name. */
export interface Switches {
  readonly name: string;
  readonly count: number;
}

export function switchesOf(pid: number): ReadonlyMap<number, Switches> {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid): [number, Switches] => {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    const counts = [...status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)].map(([, count]) =>
      Number(count),
    );
    const name = /^Name:\s+(.*)/m.exec(status)?.[1] ?? '';
    return [Number(tid), { name, count: counts.reduce((sum, count) => sum + count, 0) }];
  });
  return new Map(threads);
}

/** What came in between, by the threads' names; threads that were not switched are left out. */
export function between(before: ReadonlyMap<number, Switches>, after: ReadonlyMap<number, Switches>) {
  const sums: Record<string, number> = {};
  for (const [tid, { name, count }] of after) {
    const more = count - (before.get(tid)?.count ?? 0);
    if (more > 0) sums[name] = (sums[name] ?? 0) + more;
  }
  return sums;
}
