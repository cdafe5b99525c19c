import { Child } from './child.ts';
import { built } from './paths.ts';

/**
 * Stops a process's main thread, and none of its others, until this is disposed of: as if it were caught in a long piece
 * of work. At most half a minute.
 */
export async function holdMainThread(pid: number): Promise<AsyncDisposable> {
  const holder = await Child.start('hold', [built('build/hold'), `${pid}`]);
  await holder.line(/^held$/);
  return {
    [Symbol.asyncDispose]: async () => {
      holder.process.stdin.end();
      await holder.exited;
    },
  };
}
