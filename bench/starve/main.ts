import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { outweighOthers } from '../../test/rig/autogroup.ts';
import { type Rig, startRig } from '../../test/rig/rig.ts';
import { describeMachine, noise } from '../machine.ts';
import { type StarveCase, starveCases } from './cases.ts';
import { describeMeasured, merge, read, write } from './measured.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { type Run, run } from './run.ts';
import { type Starved, shiftsOf, start } from './subject.ts';

/** Whoever ran there before leaves the kernel's fair server in some state: it must not always be the same one. */
const betweenMsec = 1000;
/** With the broker, so many runs of a case come between two with rtkit. */
const blocks = 5;

/** A CPU of which these programs had less was somebody else's, too: such a run is repeated, up to a point. */
const shareMin = 0.85;
const spoiltMax = 200;

type Runs = Record<Starved, Run[]>;
type Portions = Readonly<Record<Starved, number>>;

export async function starve(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === 'help') return console.log(usage);

  if (options.merge.length > 0) return console.log(describeMeasured(merge(options.merge.map(read))));

  const machine = describeMachine();
  const chosen = starveCases.filter((_, index) => options.only.length === 0 || options.only.includes(index + 1));
  const results = new Map<StarveCase, Runs>(chosen.map((each) => [each, { rtkit: [], broker: [] }]));

  // One policy for both: Debian's rtkit's lets root own the name, too.
  await using rig = await startRig({ rtkitPolicy: true, alone: true });
  const bench = new Bench(rig);
  for (let block = 0; block < blocks; block++)
    for (const [starveCase, runs] of results) {
      console.error(`${block + 1} of ${blocks}: ${starveCase.name}`);
      await bench.measure(starveCase, runs, portion(options, block));
    }

  const { noises, spoilt } = bench;
  const measured = { machine, noises, spoilt, rows: [...results].map(([{ name }, runs]) => ({ name, runs })) };
  console.log(describeMeasured(measured));
  if (options.json !== undefined) write(options.json, measured);
}

/** Which part of all runs is this block's. */
function portion({ runs, rtkitRuns }: Options, block: number): Portions {
  const part = (all: number) => Math.floor((all * (block + 1)) / blocks) - Math.floor((all * block) / blocks);
  return { broker: part(runs), rtkit: part(rtkitRuns) };
}

class Bench {
  readonly noises: number[] = [];
  spoilt = 0;
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async measure(starveCase: StarveCase, runs: Runs, portions: Portions): Promise<void> {
    this.noises.push(await noise());
    using _ = starveCase.untilFirst && outweighOthers();
    for (let i = 0; i < portions.rtkit; i++) {
      runs.rtkit.push(
        await this.#unspoilt(async () => {
          const rtkit = await start('rtkit', this.#rig);
          const outcome = await run(this.#rig, starveCase, shiftsOf.rtkit);
          await rtkit.stop();
          return outcome;
        }),
      );
    }
    if (portions.broker === 0) return;
    const broker = await start('broker', this.#rig);
    for (let i = 0; i < portions.broker; i++) {
      await pause(Math.random() * betweenMsec);
      runs.broker.push(await this.#unspoilt(() => run(this.#rig, starveCase, shiftsOf.broker)));
      if (!broker.alive) throw new Error(broker.epitaph('died'));
    }
    await broker.stop();
  }

  async #unspoilt(once: () => Promise<Run>): Promise<Run> {
    for (; this.spoilt <= spoiltMax; this.spoilt++) {
      const outcome = await once().catch((fault: unknown) => this.#revivePolkit(fault));
      if (outcome !== undefined && outcome.share >= shareMin) return outcome;
    }
    throw new Error('Run after run is spoilt: somebody else burns this CPU, or the kernel kills the hogs.');
  }

  /** polkitd 122 ends now and then when its threads had to wait, and nothing is granted then. @throws when it lives */
  async #revivePolkit(fault: unknown): Promise<undefined> {
    if (existsSync(`/proc/${this.#rig.polkitPid}/exe`)) throw fault;
    await this.#rig.startPolkit();
  }
}
