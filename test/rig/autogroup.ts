import { existsSync, writeFileSync } from 'node:fs';

const own = '/proc/self/autogroup';

/**
 * Nice acts within a session only, where the kernel has autogroups (sched(7)): for as long as this lasts, ours outweighs
 * the others of the machine.
 */
export function outweighOthers(): Disposable {
  const weigh = (nice: number): void => {
    if (existsSync(own)) writeFileSync(own, `${nice}`);
  };
  weigh(-20);
  return { [Symbol.dispose]: () => weigh(0) };
}
