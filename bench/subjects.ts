import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unitFlags } from '../test/rig/broker.ts';
import { rtkitFace } from '../test/rig/caller.ts';
import { Child } from '../test/rig/child.ts';
import { inNamespaceOf } from '../test/rig/namespace.ts';
import { built } from '../test/rig/paths.ts';
import type { Rig } from '../test/rig/rig.ts';

/**
 * Who is measured: rtkit; the broker when it asks polkit about each grant, and as it is, when it remembers polkit's yes;
 * the floor is the sink, which answers one property and nothing else.
 */
export const subjects = ['rtkit', 'broker', 'remembering', 'floor'] as const;
export type Subject = (typeof subjects)[number];

/** Its own RLIMIT_RTTIME would have the kernel kill it in the middle of a measurement. */
const rtkitArgs = [
  ...['--stderr', '--no-limit-resources', '--actions-per-burst-max=1000000000'],
  ...['--threads-per-user-max=65536', '--processes-per-user-max=65536'],
];

/** Limits as far up as rtkit's, for what is measured is work; and as patient with polkitd as it can be. */
const brokerConfig = `
[limits]
processes_per_user_max = 65536
realtime_threads_per_user_max = 65536
realtime_threads_per_process_max = 65536

[polkit]
timeout_msec = 20000
`;

/** How often a user may ask: without an end where work is measured. */
export interface Burst {
  readonly requests: number;
  readonly processRefillPerSec: number;
  readonly userRefillPerSec: number;
}

/** In what the broker is not as it is measured everywhere else. */
export interface Otherwise {
  readonly nodeFlags?: readonly string[];
  readonly burst?: Burst;
}

const endless: Burst = { requests: 10_000, processRefillPerSec: 10_000, userRefillPerSec: 10_000 };

const burstConfig = ({ requests, processRefillPerSec, userRefillPerSec }: Burst): string => `
[burst]
process_requests = ${requests}
process_refill_per_sec = ${processRefillPerSec}
user_requests = ${requests}
user_refill_per_sec = ${userRefillPerSec}
`;

export function commandOf(subject: Subject, rig: Rig, { nodeFlags = [], burst = endless }: Otherwise = {}): string[] {
  if (subject === 'rtkit') return ['/usr/libexec/rtkit-daemon', ...rtkitArgs];
  if (subject === 'floor') return [built('build/bench-sink')];

  const config = join(rig.dir, 'bench.toml');
  const remembering = subject === 'broker' ? 'remember_msec = 0\n' : '';
  writeFileSync(config, brokerConfig + remembering + burstConfig(burst));
  const state = join(rig.dir, 'bench-state');
  const args = ['--config', config, '--state-dir', state, '--bus', rig.address];
  return [process.execPath, ...unitFlags(), ...nodeFlags, built('dist/realtime-brokerd.js'), ...args];
}

/** Where all of them log to: a pipe would have us read along, on one of the CPUs that are measured. */
export const logOf = (rig: Rig): string => join(rig.dir, 'bench.log');

export const logging = (rig: Rig, command: readonly string[]): string[] => [
  ...['sh', '-c', 'log=$1; shift; exec "$@" 2>>"$log"', 'sh', logOf(rig)],
  ...command,
];

export const environment = (rig: Rig) => ({ DBUS_SYSTEM_BUS_ADDRESS: rig.address });

/** @throws when it does not come up */
export async function start(subject: Subject, rig: Rig, otherwise: Otherwise = {}): Promise<Child> {
  const command = inNamespaceOf(rig.busPid, logging(rig, commandOf(subject, rig, otherwise)));
  const daemon = await Child.start(subject, command, { env: environment(rig) });
  await rig.untilOwned(daemon, [rtkitFace.name]);
  return daemon;
}
