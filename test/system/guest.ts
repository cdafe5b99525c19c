import { execFile } from 'node:child_process';
import { fromRoot } from '../rig/paths.ts';

export interface GuestOptions {
  readonly suite?: 'bookworm' | 'trixie';
  readonly limitSec?: number;
  /** What of this machine is there as well, read-only. */
  readonly binds?: Readonly<Record<string, string>>;
}

/** Runs a command in a guest of its own, as root. @returns what it said. @throws with all it said, when it ends otherwise than with 0 */
export function inGuest(
  command: string,
  { suite = 'trixie', limitSec = 120, binds = {} }: GuestOptions = {},
): Promise<string> {
  const options = ['--suite', suite, '--limit', String(limitSec)];
  for (const [here, there] of Object.entries(binds)) options.push('--bind', `${here}:${there}`);
  return new Promise((resolve, reject) =>
    execFile(fromRoot('test/system/guest.sh'), [...options, command], (fault, stdout, stderr) =>
      fault === null ? resolve(stdout) : reject(new Error(`a guest ended with ${fault.code}:\n${stdout}${stderr}`)),
    ),
  );
}
