import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { removeGroups } from './cgroup.ts';

/** Where systemd keeps its units, or would: the hierarchy of its own in version 1 of control groups, else version 2. */
function hierarchy(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const path = /^\S+ (\S+) cgroup \S*\bname=systemd\b/m.exec(mounts)?.[1] ?? /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  if (path === undefined) throw new Error('no control groups are mounted here');
  return path;
}

/** Puts a process into a unit as systemd makes them, "a.slice/b.service", for the rest of the test. */
export function putIntoUnit(pid: number, unit: string): void {
  const root = hierarchy();
  const folders = unit.split('/').map((_, depth, names) => join(root, ...names.slice(0, depth + 1)));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  writeFileSync(join(folders.at(-1)!, 'cgroup.procs'), `${pid}`);
  removeGroups(folders.reverse());
  onTestFinished(() => {
    try {
      writeFileSync(join(root, 'cgroup.procs'), `${pid}`);
    } catch {
      // It has ended, and is in none.
    }
  });
}
