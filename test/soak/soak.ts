import { audit } from '../kills/audit.ts';
import { ownFace } from '../rig/caller.ts';
import { descriptorsOf } from '../rig/descriptors.ts';
import { anonymousMib } from '../rig/memory.ts';
import { dataOf } from '../rig/stage.ts';
import { type Deed, deeds, hogDeed, PolkitStoodStill, until } from './deeds.ts';
import { Scene } from './scene.ts';
import { Trend } from './trend.ts';
import { Turn } from './turn.ts';

export interface Plan {
  readonly minutes: number;
  readonly seed: number;
  /** Without, nothing burns a CPU. */
  readonly hogs: boolean;
}

export interface Report {
  readonly done: Map<string, number>;
  readonly outcomes: Map<string, number>;
  audits: number;
  adopted: number;
  warnings: number;
  /** Deeds that came to nothing because polkitd answered nobody. */
  polkitStops: number;
  /** All that was not as promised. */
  readonly findings: string[];
  /** Of the one broker that lived through the second half, in MiB and in number; of no thread's. */
  readonly memory: Trend;
  readonly descriptors: Trend;
  /** What it had open when everybody was gone, and of threads. */
  left: { readonly watched: number; readonly pidfds: number };
}

/** A heap is not what it will be when a broker has just started. */
const warmMinutes = 2;

/** Between two audits. */
const roundMsec = 8000;

/**
 * Half of the time the broker is ended again and again, amid all else; in the other half one broker bears all else, and
 * what it uses is measured. What is done comes from the seed; but for hogs, which come when others leave the CPU alone.
 */
export async function soak(plan: Plan, tell: (line: string) => void = () => {}): Promise<Report> {
  const report: Report = {
    ...{ done: new Map(), outcomes: new Map(), audits: 0, adopted: 0, warnings: 0, polkitStops: 0, findings: [] },
    ...{ memory: new Trend(), descriptors: new Trend(), left: { watched: 0, pidfds: 0 } },
  };
  await using scene = await Scene.open(plan.seed);
  await using turn = plan.hogs ? new Turn() : undefined;
  const beganMsec = performance.now();
  const minute = () => (performance.now() - beganMsec) / 60_000;

  while (minute() < plan.minutes) {
    const isSecondHalf = minute() >= plan.minutes / 2;
    const possible = deeds.filter(({ ends }) => !(ends && isSecondHalf));
    const end = Math.min(performance.now() + roundMsec, beganMsec + plan.minutes * 60_000);
    for (const asker of scene.askers) asker.work();
    while (performance.now() < end) {
      const deed = turn?.hasCome ? hogDeed : choose(possible, scene.chance.random());
      report.done.set(deed.name, (report.done.get(deed.name) ?? 0) + 1);
      const complaint = await perform(deed, scene, report);
      if (complaint !== undefined) report.findings.push(`minute ${minute().toFixed(1)}, ${deed.name}: ${complaint}`);
      if (deed === hogDeed) await turn?.pass();
    }
    await Promise.all(scene.askers.map((asker) => asker.pause()));
    for (const finding of await compare(scene)) report.findings.push(`minute ${minute().toFixed(1)}: ${finding}`);
    report.audits++;
    if (minute() >= plan.minutes / 2 + warmMinutes) {
      report.memory.add(minute(), anonymousMib(scene.broker.pid));
      report.descriptors.add(minute(), descriptorsOf(scene.broker.pid).others);
    }
    tell(`minute ${minute().toFixed(1)}: ${report.audits} audits, ${report.findings.length} findings`);
  }

  for (const { outcomes, caller } of scene.askers) {
    for (const [outcome, count] of outcomes) report.outcomes.set(outcome, (report.outcomes.get(outcome) ?? 0) + count);
    await caller.stop();
  }
  await until(async () => (await listed(scene)).size === 0, 'no grant is left').catch((fault: Error) =>
    report.findings.push(fault.message),
  );
  const { watched, pidfds } = descriptorsOf(scene.broker.pid);
  report.left = { watched: watched.size, pidfds };
  report.findings.push(...scene.faults.lines);
  report.adopted = scene.adopted;
  report.warnings = scene.faults.warnings;
  return report;
}

/** @param random 0 to 1 */
function choose(possible: readonly Deed[], random: number): Deed {
  let rest = random * possible.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = possible.find(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
  return chosen ?? possible[0]!;
}

/** @returns how the broker did not bear it as promised */
async function perform(deed: Deed, scene: Scene, report: Report): Promise<string | undefined> {
  try {
    await deed.run(scene);
    return undefined;
  } catch (fault) {
    if (!scene.broker.alive) throw fault;
    if (fault instanceof PolkitStoodStill) return void report.polkitStops++;
    return fault instanceof Error ? fault.message : String(fault);
  }
}

/** The ledger, the roster and the kernel, thread by thread. Nobody may be asking meanwhile. */
async function compare(scene: Scene): Promise<string[]> {
  const found = Object.entries(await audit(scene.root, scene.askers));
  const findings = found.flatMap(([kind, stories]) => stories.map((story: string) => `${kind}: ${story}`));
  const same = async () => {
    const [ledger, { watched }] = [await listed(scene), descriptorsOf(scene.broker.pid)];
    return ledger.size === watched.size && [...ledger].every((tid) => watched.has(tid));
  };
  await until(same, 'the ledger and the roster have the same threads').catch((fault: Error) =>
    findings.push(fault.message),
  );
  return findings;
}

async function listed({ root }: Scene): Promise<ReadonlySet<number>> {
  const [grants] = dataOf(await root.call(ownFace, 'ListGrants')) as [Record<string, { data: unknown }>[]];
  return new Set(grants.map(({ Thread }) => Number(Thread?.data)));
}
