import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { spinner } from '../test/rig/load.ts';
import type { Rig } from '../test/rig/rig.ts';
import { type Case, cases, type Step } from './cases.ts';
import { type Measured, runClient, type Shot } from './client.ts';
import { bigMessageFigures, type Figure, figuresOf } from './figures.ts';
import { measureFloods } from './flood.ts';
import { memoryFigures } from './memory.ts';
import type { Options } from './options.ts';
import type { PolkitStops } from './polkit.ts';
import { timeActivations, timeStarts } from './starts.ts';
import { logOf, type Subject, start } from './subjects.ts';

export interface Bench {
  readonly rig: Rig;
  readonly options: Options;
  readonly stops: PolkitStops;
}

const bigMessagesPerRound = '2';

/** Of whether polkit is remembered everything depends in which something is granted. */
const depends = new Set([
  'flood',
  ...cases.filter(({ steps }) => steps.some(({ verb }) => verb === 'grant')).map(({ name }) => name),
]);

/** The longest that test/fixtures/load.c burns. */
const loadMsec = 10_000;

/** Everything about one subject in one round: it is started for it, and ended. @throws if it dies, or any call fails */
export async function measure(subject: Subject, bench: Bench): Promise<Figure[]> {
  const { rig, options } = bench;
  const wanted = (name: string) =>
    (options.only.length === 0 || options.only.includes(name)) && (subject !== 'remembering' || depends.has(name));
  const figures: Figure[] = [];
  if (wanted('start')) figures.push(await timeStarts(subject, bench));
  if (wanted('activation')) figures.push(await timeActivations(subject, bench));

  const daemon = await start(subject, rig, options);
  const remember = (when: string, ...kinds: Parameters<typeof memoryFigures>[2][]) => {
    if (wanted('memory')) figures.push(...memoryFigures(daemon.pid, when, ...kinds));
  };
  try {
    await sleep(500);
    remember('idle', 'RSS', 'PSS', 'anonymous');
    for (const one of cases.filter((one) => wanted(one.name) && suits(one, subject, options)))
      figures.push(...(await measureCase(one, subject, bench)));
    remember('after grants', 'RSS');
    if (wanted('bigmessage'))
      figures.push(...bigMessageFigures(await runClient<Shot>(rig, 'bigmessage', bigMessagesPerRound)));
    remember('after 16 MB', 'RSS');
    if (!daemon.alive) throw new Error('it died');
  } catch (fault) {
    throw new Error(`${subject}: ${String(fault)}\n${lastLines(logOf(rig))}`, { cause: fault });
  } finally {
    await daemon.stop();
  }
  if (wanted('flood')) figures.push(...(await measureFloods(subject, bench)));
  return figures;
}

const suits = ({ long, floor }: Case, subject: Subject, options: Options): boolean =>
  (options.long || !long) && (subject !== 'floor' || floor !== false);

async function measureCase(one: Case, subject: Subject, { rig, stops }: Bench): Promise<Figure[]> {
  const { name, before = [], steps, loaded } = one;
  const words = steps.flatMap((step) => [verbFor(subject, step), `${step.count}`]);
  const client = () => runClient<Measured>(rig, ...before, ...words);
  const all = await stops.around(rig, () => (loaded ? whileLoaded(rig, client) : client()));
  const lines = all.slice(-steps.length);
  return steps.flatMap((step, index) => {
    const line = lines[index];
    if (line?.usec.length !== step.count) throw new Error(`the client did not measure ${step.verb}`);
    const title = steps.length === 1 ? name : `${name} ${step.verb}`;
    return figuresOf(title, step.aspects, line);
  });
}

/** @throws when the load ended first: then nobody knows what was measured */
async function whileLoaded<Result>(rig: Rig, deed: () => Promise<Result>): Promise<Result> {
  const spinners = Array.from({ length: availableParallelism() }, (_, cpu) => spinner(cpu));
  const load = await rig.spawnLoad(loadMsec, spinners, 'carol');
  await load.work();
  const endMsec = performance.now() + loadMsec;
  try {
    const result = await deed();
    if (performance.now() > endMsec) throw new Error(`it took longer than the load, which lasts ${loadMsec} ms`);
    return result;
  } finally {
    await load.stop();
  }
}

/** A grant costs at least what asking polkit costs. */
const verbFor = (subject: Subject, { verb }: Step): string =>
  subject === 'floor' && verb === 'grant' ? 'authorization' : verb;

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n');
  } catch {
    return '';
  }
}
