import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Chance } from '../rig/chance.ts';
import type { Child } from '../rig/child.ts';
import { startRig } from '../rig/rig.ts';
import { Asker } from './asker.ts';
import { audit, type Findings } from './audit.ts';

export interface Report {
  kills: number;
  /** Of them, before the broker had its names. */
  early: number;
  /** What askers were answered, and how often. */
  readonly outcomes: Map<string, number>;
  /** Grants that were taken over. */
  adopted: number;
  /** Records that a kill had cut off. */
  torn: number;
  /** Brokers that had written their logbook anew, beyond when they began. */
  anew: number;
  /** Tids that another thread had before. */
  reused: number;
  readonly found: { [Kind in keyof Findings]: string[] };
}

/** Whom the askers run as. */
const users = ['alice', 'alice', 'carol', 'carol', 'root'] as const;

/** Nobody is to ask too often. */
const config = ['process_requests', 'process_refill_per_sec', 'user_requests', 'user_refill_per_sec']
  .map((key) => `burst.${key} = 10000\n`)
  .join('');

/** In ms: long enough for some requests, short enough to kill amid the first; and now and then for a logbook written anew. */
const [lifeMax, longLifeMax, longShare] = [150, 4000, 0.05];
const startMax = 250;

/**
 * Kills the broker at random instants while programs ask it without a pause, starts it again each time, and then compares
 * what it says with what was granted.
 */
export async function killAgainAndAgain(
  kills: number,
  seed: number,
  tell: (done: number) => void = () => {},
): Promise<Report> {
  const chance = new Chance(seed);
  const report: Report = {
    kills: 0,
    early: 0,
    outcomes: new Map(),
    adopted: 0,
    torn: 0,
    anew: 0,
    reused: 0,
    found: { lost: [], twice: [], unsupervised: [], other: [] },
  };
  await using rig = await startRig();
  const logbook = join(rig.dir, 'state/logbook');
  const root = await rig.spawnCaller('root');
  const askers = await Promise.all(
    users.map(async (user) => {
      const caller = await rig.spawnCaller(user);
      await caller.rttime(200_000, 200_000);
      return new Asker(caller, new Chance(chance.below(2 ** 31)));
    }),
  );

  const kill = async (broker: Child): Promise<void> => {
    broker.signal('SIGKILL');
    await broker.exited;
    report.kills++;
    hear(broker, report);
  };

  let broker = await rig.startBroker({ config });
  while (report.kills < kills) {
    const before = statSync(logbook).ino;
    for (const asker of askers) asker.work();
    await pause(chance.random() * (chance.random() < longShare ? longLifeMax : lifeMax));
    await kill(broker);
    if (statSync(logbook).ino !== before) report.anew++;
    while (report.kills < kills && chance.random() < 0.3) {
      const short = await rig.startBroker({ config, names: [] });
      await pause(chance.random() * startMax);
      await kill(short);
      report.early++;
    }
    broker = await rig.startBroker({ config });
    await Promise.all(askers.map((asker) => asker.pause()));
    const found = await audit(root, askers);
    for (const kind of Object.keys(found) as (keyof Findings)[])
      report.found[kind].push(...found[kind].map((story) => `after ${report.kills} kills ${story}`));
    tell(report.kills);
  }
  hear(broker, report);
  for (const { reused } of askers) report.reused += reused;
  for (const { outcomes } of askers)
    for (const [outcome, count] of outcomes) report.outcomes.set(outcome, (report.outcomes.get(outcome) ?? 0) + count);
  return report;
}

function hear({ lines }: Child, report: Report): void {
  for (const line of lines) {
    report.adopted += Number(/(\d+) of \d+ grants were taken over/.exec(line)?.[1] ?? 0);
    if (line.includes('was cut off')) report.torn++;
    if (/^(error|warning): /.test(line)) report.found.other.push(line);
  }
}

const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));
