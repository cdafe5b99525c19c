import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Child } from '../test/rig/child.ts';
import { built } from '../test/rig/paths.ts';
import type { Rig } from '../test/rig/rig.ts';

/** One line of bench/client: so many calls, each one's time, and the CPU time all of them took of others. */
export interface Measured {
  readonly what: string;
  readonly connections: number;
  readonly held: number;
  readonly wallUsec: number;
  readonly cpuUsec: { readonly service: number; readonly polkitd: number; readonly bus: number };
  /** How often the service was given a CPU. */
  readonly wakeups: number;
  readonly usec: readonly number[];
}

/** One message of 16 MB, and the slowest property read of somebody else's meanwhile, and of nobody's. */
export interface Shot {
  readonly what: 'bigmessage';
  /** The D-Bus signature of what was sent. */
  readonly shape: string;
  readonly answer: string;
  readonly tookUsec: number;
  readonly worstUsec: number;
  readonly quietUsec: number;
}

export interface Starts {
  readonly what: 'start' | 'activation';
  readonly usec: readonly number[];
}

/** polkitd answered nobody for some seconds, and no fault of who asked it. */
export class PolkitStoodStill extends Error {}

const polkitStoodStill = 3;

/** Runs bench/client as alice. @throws with what it said, unless all it did went well; PolkitStoodStill */
export async function runClient<Line>(rig: Rig, ...words: string[]): Promise<Line[]> {
  // Copied to where any user may run it: the checkout may lie in a closed home.
  const file = join(rig.dir, basename('build/bench-client'));
  copyFileSync(built('build/bench-client'), file);
  const client = await Child.start('bench-client', [file, rig.address, ...words], { user: rig.users.alice });
  return await linesOf(client);
}

/** @throws with everything it said, unless it ends with exit status 0 */
export async function linesOf<Line>(program: Child): Promise<Line[]> {
  const { code } = await program.exited;
  if (code === polkitStoodStill) throw new PolkitStoodStill();
  if (code !== 0) throw new Error(program.epitaph('failed'));
  return program.lines.filter((line) => line.startsWith('{"what":')).map((line) => JSON.parse(line) as Line);
}
