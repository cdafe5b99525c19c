import { readFileSync } from 'node:fs';

/** Whether we run in the foreground of a terminal at this moment: signals that are typed there come to our whole group. */
export const inForeground = (): boolean => isInForeground(readFileSync('/proc/self/stat', 'utf8'));

/** Fields 5 and 8 of stat, our process group and the terminal's; counted from the last ')', as in parseStat. */
export function isInForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 6);
  const [group, foreground] = [fields[5 - 3], fields[8 - 3]];
  return group !== undefined && group === foreground;
}
