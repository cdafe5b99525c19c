import { writeFileSync } from 'node:fs';

const own = '/proc/self/autogroup';

/**
 * Nice acts within a session only, where the kernel has autogroups (sched(7)): for as long as this lasts, ours outweighs
 * the others of the machine. A session that was never given a group of its own is in the kernel's first one, which has no
 * weight to set (EINVAL): there the nice of its threads counts against the others' as it is.
 */
export function outweighOthers(): Disposable {
  const weigh = (nice: number): void => {
    try {
      writeFileSync(own, `${nice}`);
    } catch (error) {
      if (!['ENOENT', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  };
  weigh(-20);
  return { [Symbol.dispose]: () => weigh(0) };
}
