import { rtkitFace } from '../../test/rig/caller.ts';
import type { Child } from '../../test/rig/child.ts';
import type { Rig } from '../../test/rig/rig.ts';

export type Starved = 'rtkit' | 'broker';

/** rtkit listens for ten seconds before it acts. */
export const shiftsOf: Readonly<Record<Starved, number>> = { rtkit: 2, broker: 1 };

/** Defaults in all that is judged; but many runs by few users look like a burst. */
const brokerConfig = `
[burst]
process_requests = 10000
process_refill_per_sec = 10000
user_requests = 10000
user_refill_per_sec = 10000
`;

/**
 * rtkit as it comes, but for the limits it sets itself: with them two of it cannot run on one machine. It is started afresh
 * for each run, because after it has acted it refuses everybody for minutes.
 */
export const start = (subject: Starved, rig: Rig): Promise<Child> =>
  subject === 'rtkit'
    ? rig.startRtkit('--no-limit-resources')
    : rig.startBroker({ config: brokerConfig, names: [rtkitFace.name] });
