import { readdirSync, readlinkSync } from 'node:fs';

/** What a broker has open, by what it is for. */
export interface Descriptors {
  /** The threads in the watchdog's roster: of each it holds the file that says how long it ran. */
  readonly watched: ReadonlySet<number>;
  /** Of threads and processes that are granted something, or ask for it. */
  readonly pidfds: number;
  /** All else: must never grow. */
  readonly others: number;
}

export function descriptorsOf(pid: number): Descriptors {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => readlink(`/proc/${pid}/fd/${fd}`));
  const watched = links.flatMap((link) => /^\/proc\/\d+\/task\/(\d+)\/schedstat$/.exec(link)?.[1] ?? []);
  const pidfds = links.filter((link) => /^anon_inode:\[pidfd\]$|^pidfd:/.test(link)).length;
  const ofThreads = links.filter((link) => /^\/proc\/\d+\/task\/\d+\//.test(link)).length;
  return { watched: new Set(watched.map(Number)), pidfds, others: links.length - pidfds - ofThreads };
}

/** @returns nothing for what was closed meanwhile */
function readlink(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
