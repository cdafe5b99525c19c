import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../../test/rig/child.ts';
import type { Rig } from '../../test/rig/rig.ts';
import { type Measured, runClient } from '../client.ts';
import { memoryFigures } from '../memory.ts';
import type { PolkitStops } from '../polkit.ts';
import { median, quantile } from '../stats.ts';
import { start } from '../subjects.ts';
import { Crowd } from './crowd.ts';

/** What is measured at each step. */
export interface Plan {
  readonly held: readonly number[];
  readonly users: number;
  readonly connections: number;
  readonly nodeFlags: readonly string[];
  /** Before a step: ends of threads come one by one, and V8 tidies up afterwards. */
  readonly settleMsec: number;
  /** Calls of each kind, and seconds of rest. */
  readonly grants: number;
  readonly properties: number;
  readonly lists: number;
  readonly restSec: number;
  /** Grants before all that is measured: JavaScript gets faster with use, and that is not to be taken for what is held. */
  readonly warmUp: number;
}

/** Times in ms. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
}

export interface Step {
  readonly held: number;
  readonly grant: Times;
  /** The same, of many connections at once. */
  readonly crowded: Times & { readonly perSec: number };
  readonly property: Times;
  /** All that is granted, for root. */
  readonly list: number;
  readonly residentMiB: number;
  /** Of a grant, one after the other, in ms. */
  readonly cpu: { readonly broker: number; readonly bus: number; readonly polkitd: number };
  /** While nobody asks: ms of CPU time, and wake-ups, a second. */
  readonly rest: { readonly cpuMsec: number; readonly wakeups: number };
}

interface Place {
  readonly rig: Rig;
  readonly plan: Plan;
  readonly stops: PolkitStops;
}

/** With nobody, with more and more held, and with nobody again. @throws if the broker dies, or any call fails */
export async function measureSteps(place: Place, onStep: (step: Step) => void = () => {}): Promise<Step[]> {
  const { rig, plan, stops } = place;
  const broker = await start('remembering', rig, { nodeFlags: plan.nodeFlags });
  const crowd = await Crowd.start(rig, plan.users, plan.connections);
  const steps: Step[] = [];
  try {
    await stops.around(rig, () => runClient(rig, 'grant', `${plan.warmUp}`, 'property', `${plan.warmUp}`));
    for (const held of [0, ...plan.held, 'none'] as const) {
      if (held === 'none') await crowd.stop();
      else if (held > 0) await crowd.hold(held);
      await pause(plan.settleMsec);
      const step = await measureStep(held === 'none' ? 0 : held, broker, held === 'none' ? undefined : crowd, place);
      steps.push(step);
      onStep(step);
    }
    if (!broker.alive) throw new Error(broker.epitaph('died'));
    return steps;
  } finally {
    await crowd.stop();
    await broker.stop();
  }
}

async function measureStep(
  held: number,
  broker: Child,
  crowd: Crowd | undefined,
  { rig, plan, stops }: Place,
): Promise<Step> {
  const { grants, properties, connections, restSec, lists } = plan;
  const words = ['rest', restSec, 'grant', grants, 'property', properties, 'connections', connections, 'grant', grants];
  const measured = await stops.around(rig, () => runClient<Measured>(rig, ...words.map(String)));
  const [rest, grant, property, crowded] = measured;
  if (!rest || !grant || !property || !crowded) throw new Error('the client did not measure');
  const residentMiB = memoryFigures(broker.pid, '', 'RSS')[0]?.value ?? Number.NaN;
  const listed = await crowd?.list(lists);
  if (listed && listed.grants !== held) throw new Error(`${held} threads are held, and ${listed.grants} are listed`);
  return {
    held,
    grant: timesOf(grant),
    crowded: { ...timesOf(crowded), perSec: (crowded.usec.length / crowded.wallUsec) * 1e6 },
    property: timesOf(property),
    list: listed ? median(listed.usec) / 1000 : Number.NaN,
    residentMiB,
    cpu: {
      broker: grant.cpuUsec.service / grant.usec.length / 1000,
      bus: grant.cpuUsec.bus / grant.usec.length / 1000,
      polkitd: grant.cpuUsec.polkitd / grant.usec.length / 1000,
    },
    rest: {
      cpuMsec: (rest.cpuUsec.service / rest.wallUsec) * 1000,
      wakeups: (rest.wakeups / rest.wallUsec) * 1e6,
    },
  };
}

const timesOf = ({ usec }: Measured): Times => ({ p50: median(usec) / 1000, p99: quantile(usec, 0.99) / 1000 });
