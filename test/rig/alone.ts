import { Child } from './child.ts';

/** A directory, so that no file is left behind; nobody else is known to lock it. */
const machine = '/run';

/**
 * Waits until no other test run on this machine burns its CPU, for who is to blame there is asked of the CPU, not of the
 * run. flock(1) holds the lock as long as the child lives, which is at most as long as this process.
 */
export async function aloneOnTheCpu(timeoutMsec = 600_000, lock = machine): Promise<Child> {
  const holder = await Child.start('flock', ['flock', lock, 'sh', '-c', 'echo alone; exec cat']);
  await holder.line(/^alone$/, { timeoutMsec });
  return holder;
}
