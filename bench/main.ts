import { writeFileSync } from 'node:fs';
import { startRig } from '../test/rig/rig.ts';
import { describeMachine, noise } from './machine.ts';
import { measure } from './measure.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { PolkitStops } from './polkit.ts';
import { bigMessageVerdict, summary, table } from './report.ts';
import { Results } from './results.ts';
import { scale } from './scale/main.ts';
import { starve } from './starve/main.ts';
import type { Subject } from './subjects.ts';

/** Above this share of the CPUs in the hands of others, the figures are theirs as much as ours. */
const noiseMax = 0.05;

/** Whoever came first in one round comes last in the next, so that neither always follows the other. */
const orders: readonly (readonly Subject[])[] = [
  ['rtkit', 'remembering', 'floor', 'broker'],
  ['broker', 'floor', 'remembering', 'rtkit'],
];

async function run(options: Options): Promise<void> {
  const machine = describeMachine();
  const { date, kernel, cpus, cpuModel, node, packages } = machine;
  console.log(`${date}, Linux ${kernel}, ${cpus} CPUs (${cpuModel}), Node ${node}`);
  console.log(
    `${Object.entries(packages)
      .map((pair) => pair.join(' '))
      .join(', ')}\n`,
  );

  const results = new Results();
  const noises: number[] = [];
  // One policy for all: Debian's rtkit's lets root own the name, too.
  await using rig = await startRig({ rtkitPolicy: true });
  const bench = { rig, options, stops: new PolkitStops() };
  for (let round = 0; round < options.rounds; round++) {
    const order = orders[round % orders.length] ?? [];
    for (const subject of order.filter((subject) => options.subjects.includes(subject))) {
      noises.push(await noise());
      console.error(`round ${round + 1} of ${options.rounds}: ${subject}`);
      results.add(subject, await measure(subject, bench));
    }
  }

  console.log(table(results.rows));
  console.log(`\n${bigMessageVerdict(results.rows) ?? ''}`);
  const loudest = Math.max(...noises);
  if (loudest > noiseMax)
    console.log(`NOT QUIET: between the measurements others used up to ${Math.round(loudest * 100)} % of the CPUs.`);
  if (bench.stops.count > 0)
    console.log(`polkitd stood still, ${bench.stops.count} ×; what that spoilt was measured again.`);
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, options, noises, polkitStops: bench.stops.count, rows: results.rows.map(summary) }, null, 2)}\n`,
    );
}

async function main(): Promise<void> {
  const [what, ...args] = process.argv.slice(2);
  if (what === 'starve') return await starve(args);
  if (what === 'scale') return await scale(args);
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else await run(options);
}

main().catch((fault) => {
  console.error(fault instanceof Error ? fault.message : fault);
  process.exitCode = 1;
});
