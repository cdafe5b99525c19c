import { Child } from '../rig/child.ts';
import { fromRoot } from '../rig/paths.ts';

export interface GuestOptions {
  readonly suite?: 'bookworm' | 'trixie';
  readonly limitSec?: number;
  /** What of this machine is there as well, read-only: path here to path there. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Capabilities that nobody in there has; capability(7). */
  readonly dropped?: readonly string[];
}

/** Runs a command in a guest of its own, as root. @returns the lines it said. @throws with them, unless it ends with 0 */
export async function inGuest(command: string, options: GuestOptions = {}): Promise<readonly string[]> {
  const { suite = 'trixie', limitSec = 120, binds = {}, dropped = [] } = options;
  const bound = Object.entries(binds).flatMap(([here, there]) => ['--bind', `${here}:${there}`]);
  const words = [
    '--suite',
    suite,
    '--limit',
    String(limitSec),
    ...bound,
    ...dropped.flatMap((name) => ['--drop', name]),
    command,
  ];
  const cache = process.env.REALTIME_BROKER_GUEST;
  const env = cache === undefined ? {} : { REALTIME_BROKER_GUEST: cache };

  const guest = await Child.start('guest', [fromRoot('test/system/guest.sh'), ...words], { env });
  const { code } = await guest.exited;
  if (code !== 0) throw new Error(guest.epitaph('did not come to a good end'));
  return guest.lines;
}
