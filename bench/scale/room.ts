import { descriptorCeiling } from '../../src/linux/descriptors.ts';

/** Two pidfds and two files of /proc: what each granted thread is held by. */
const descriptorsEach = 4;

/** For who asks while so many are held, and for those who have just ended. */
const spare = 300;

/**
 * The steps that this machine has room for: what is too much becomes as much as there is room for.
 * @param limits /proc/self/limits
 */
export function within(held: readonly number[], limits?: string): { held: number[]; note: string | undefined } {
  const max = Math.floor(descriptorCeiling(limits) / descriptorsEach) - spare;
  const most = Math.max(...held);
  if (most <= max) return { held: [...held], note: undefined };
  const note = `No more than ${max} threads were held: each takes ${descriptorsEach} descriptors, and RLIMIT_NOFILE here allows no more.`;
  return { held: [...held.filter((count) => count < max), max], note };
}
