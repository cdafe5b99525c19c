import { readFileSync } from 'node:fs';

/** Spared for what is opened in passing: without a descriptor left nothing in /proc can be read, for nobody. */
const spareMax = 1024;

/**
 * The number from which on a new descriptor is one too many. They are given lowest first, open(2), so that its number
 * tells how many are taken.
 * @param limits /proc/self/limits
 */
export function descriptorCeiling(limits = readFileSync('/proc/self/limits', 'utf8')): number {
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (soft === undefined) return Number.POSITIVE_INFINITY;
  return Number(soft) - Math.min(spareMax, Math.floor(Number(soft) / 4));
}
