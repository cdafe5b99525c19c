import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Rig, startRig } from '../../test/rig/rig.ts';
import { describeMachine, noise } from '../machine.ts';
import { type StarveCase, starveCases } from './cases.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { type Run, run } from './run.ts';
import { type Starved, shiftsOf, start } from './subject.ts';
import { askedAgain, type Row, summarize, table } from './table.ts';

/** Above this share of the CPUs in the hands of others, the figures are theirs as much as ours. */
const noiseMax = 0.05;
/** Whoever ran there before leaves the kernel's fair server in some state: it must not always be the same one. */
const betweenMsec = 1000;
/** With the broker, so many runs of a case come between two with rtkit. */
const blocks = 5;

/** The broker tells when somebody's realtime threads burn whom nobody granted them: such a run counts for nothing. */
const strangersMax = 100;

type Runs = Record<Starved, Run[]>;
type Portions = Readonly<Record<Starved, number>>;

interface Bench {
  readonly rig: Rig;
  /** Runs that were repeated for that. */
  readonly strangers: number[];
}

export async function starve(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === 'help') return console.log(usage);

  const machine = describeMachine();
  const { date, kernel, cpus, cpuModel, node } = machine;
  console.log(`${date}, Linux ${kernel}, ${cpus} CPUs (${cpuModel}), Node ${node}\n`);
  const noises: number[] = [];
  const strangers: number[] = [];
  const chosen = starveCases.filter((_, index) => options.only.length === 0 || options.only.includes(index + 1));
  const results = new Map<StarveCase, Runs>(chosen.map((each) => [each, { rtkit: [], broker: [] }]));

  // One policy for both: Debian's rtkit's lets root own the name, too.
  await using rig = await startRig({ rtkitPolicy: true });
  await rig.alone();
  for (let block = 0; block < blocks; block++)
    for (const [starveCase, runs] of results) {
      noises.push(await noise());
      console.error(`${block + 1} of ${blocks}: ${starveCase.name}`);
      await measure({ rig, strangers }, starveCase, runs, portion(options, block));
    }

  const rows: Row[] = [...results].map(([{ name }, runs]) => ({ name, runs }));
  console.log(table(rows));
  console.log(`\n${askedAgain(rows) ?? ''}`);
  const loudest = Math.max(...noises);
  if (loudest > noiseMax)
    console.log(`NOT QUIET: between the runs others used up to ${Math.round(loudest * 100)} % of the CPUs.`);
  if (strangers.length > 0)
    console.log(`${strangers.length} runs were spoilt by realtime threads of somebody else, and repeated.`);
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, options, noises, strangers: strangers.length, rows: rows.map(told) }, null, 2)}\n`,
    );
}

/** Which part of all runs is this block's. */
function portion({ runs, rtkitRuns }: Options, block: number): Portions {
  const part = (all: number) => Math.floor((all * (block + 1)) / blocks) - Math.floor((all * block) / blocks);
  return { broker: part(runs), rtkit: part(rtkitRuns) };
}

async function measure({ rig, strangers }: Bench, starveCase: StarveCase, runs: Runs, portions: Portions) {
  for (let i = 0; i < portions.rtkit; i++) {
    const rtkit = await start('rtkit', rig);
    runs.rtkit.push(await run(rig, starveCase, shiftsOf.rtkit));
    await rtkit.stop();
  }
  if (portions.broker === 0) return;
  const broker = await start('broker', rig);
  for (let i = 0; i < portions.broker; i++) {
    const from = broker.lines.length;
    await pause(Math.random() * betweenMsec);
    const outcome = await run(rig, starveCase, shiftsOf.broker);
    if (!broker.alive) throw new Error(broker.epitaph('died'));
    if (broker.lines.slice(from).some((line) => line.includes('which nobody granted'))) strangers.push(i--);
    else runs.broker.push(outcome);
    if (strangers.length > strangersMax) throw new Error('Somebody else on this machine runs realtime threads.');
  }
  await broker.stop();
}

const told = ({ name, runs }: Row) => ({
  name,
  rtkit: { ...summarize(runs.rtkit), each: runs.rtkit },
  broker: { ...summarize(runs.broker), each: runs.broker },
});
