import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, rtkitFace } from '../test/rig/caller.ts';
import type { Rig } from '../test/rig/rig.ts';
import { type Measured, runClient } from './client.ts';
import { type Figure, figuresOf } from './figures.ts';
import { type Burst, type Subject, start } from './subjects.ts';

/** What one user does over all his connections while another one's calls are timed. */
export interface Flood {
  readonly name: string;
  readonly priority: number;
  /** Each call waits for its answer; without, the bus is all that slows them. */
  readonly isAnswered: boolean;
}

export const floods: readonly Flood[] = [
  // What may be granted, and far more often than anybody may ask.
  { name: 'of grants', priority: 5, isAnswered: true },
  { name: 'of refusals', priority: 99, isAnswered: true },
  { name: 'unanswered', priority: 5, isAnswered: false },
];

export const connections = 200;
/** Of one connection: more than it can make while others are measured. */
const calls = 20_000;
/** In which whoever floods has spent all he may ask for. */
const settleMsec = 2000;
const counts = { properties: 100, grants: 30 };
/** It keeps each one waiting for up to a second. */
const rtkitCounts = { properties: 30, grants: 10 };

/** The daemon's own refill, and buckets that last the other user for all his measured calls. */
export const burst: Burst = { requests: 100, processRefillPerSec: 4, userRefillPerSec: 8 };

/** @throws if the daemon dies, or the other user is refused anything */
export async function measureFloods(subject: Subject, { rig }: { readonly rig: Rig }): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const flood of floods) {
    const daemon = await start(subject, rig, { burst });
    try {
      const [property, grant] = await measureFlood(subject, rig, flood);
      figures.push(...figuresOf(`flood ${flood.name}: property`, ['p50', 'p99'], property));
      figures.push(...figuresOf(`flood ${flood.name}: grant`, ['p50', 'p99'], grant));
      if (!daemon.alive) throw new Error(daemon.epitaph(`did not outlive a flood ${flood.name}`));
    } finally {
      await daemon.stop();
    }
  }
  return figures;
}

export async function measureFlood(subject: Subject, rig: Rig, flood: Flood): Promise<[Measured, Measured]> {
  const flooder = await rig.spawnCaller('carol');
  try {
    await flooder.rttime(200_000, 200_000);
    // It is killed amid it.
    pour(flooder, flood).catch(() => {});
    await sleep(settleMsec);
    const verb = subject === 'floor' ? 'authorization' : 'grant';
    const { properties, grants } = subject === 'rtkit' ? rtkitCounts : counts;
    const [property, grant] = await runClient<Measured>(rig, 'property', `${properties}`, verb, `${grants}`);
    if (property === undefined || grant === undefined) throw new Error('the client did not measure');
    return [property, grant];
  } finally {
    flooder.kill();
    await flooder.exited;
  }
}

const pour = (flooder: Caller, { isAnswered, priority }: Flood): Promise<unknown> =>
  isAnswered
    ? flooder.crowd(connections, calls, rtkitFace, 'MakeThreadRealtime', 'tu', 0, priority)
    : flooder.flood(connections, rtkitFace, 'MakeThreadRealtime', 'tu', 0, priority);
