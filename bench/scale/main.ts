import { writeFileSync } from 'node:fs';
import { startRig } from '../../test/rig/rig.ts';
import { describeMachine, noise } from '../machine.ts';
import { PolkitStops } from '../polkit.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { picture } from './picture.ts';
import { within } from './room.ts';
import { measureSteps, type Plan } from './step.ts';
import { summary, table } from './table.ts';

export async function scale(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === 'help') return console.log(usage);
  await run(options);
}

async function run(options: Options): Promise<void> {
  const machine = describeMachine();
  const { held, note } = within(options.held);
  const counts = { warmUp: 1500, grants: 640, properties: 1000, lists: 5 };
  const plan: Plan = { ...options, ...counts, held, settleMsec: 3000, restSec: 19 };
  const stops = new PolkitStops();
  // Nobody else's match: the bus counts connections by user, and all of these are asked by as many users as there are.
  await using rig = await startRig({ rtkitPolicy: true });
  const before = await noise();
  const steps = await measureSteps({ rig, plan, stops }, ({ held, grant }) =>
    console.error(`${held} held: a grant takes ${grant.p50.toFixed(2)} ms`),
  );
  const noises = [before, await noise()];

  const { date, kernel, cpus, cpuModel, node } = machine;
  const caption = `${date}, Linux ${kernel}, ${cpus} CPUs (${cpuModel}), Node ${node}`;
  console.log(`${caption}; ${options.users} users, ${options.connections} connections\n`);
  console.log(table(steps));
  console.log(`\n${summary(steps)}`);
  if (note !== undefined) console.log(note);
  const loudest = Math.max(...noises);
  if (loudest > 0.05) console.log(`NOT QUIET: others used up to ${Math.round(loudest * 100)} % of the CPUs.`);
  if (options.svg !== undefined) writeFileSync(options.svg, picture(steps, caption));
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, plan, noises, steps }, null, 2)}\n`);
}
