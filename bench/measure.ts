import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rtkitFace } from '../test/rig/caller.ts';
import { Child } from '../test/rig/child.ts';
import { inNamespaceOf } from '../test/rig/namespace.ts';
import { built } from '../test/rig/paths.ts';
import type { Rig } from '../test/rig/rig.ts';
import { type Case, cases, type Step } from './cases.ts';
import { linesOf, type Measured, runClient, type Shot, type Starts } from './client.ts';
import { bigMessageFigures, type Figure, figuresOf } from './figures.ts';
import { memoryFigures } from './memory.ts';
import type { Options } from './options.ts';
import { median } from './stats.ts';
import { commandOf, environment, logging, logOf, type Subject, start } from './subjects.ts';

const startsPerRound = '5';
const bigMessagesPerRound = '2';

/** Everything about one subject in one round: it is started for it, and ended. @throws if it dies, or any call fails */
export async function measure(subject: Subject, rig: Rig, options: Options): Promise<Figure[]> {
  const wanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  const figures: Figure[] = [];
  if (wanted('start')) figures.push(await timeStarts(subject, rig));
  if (wanted('activation')) figures.push(await timeActivations(subject, rig));

  const daemon = await start(subject, rig);
  const remember = (when: string, ...kinds: Parameters<typeof memoryFigures>[2][]) => {
    if (wanted('memory')) figures.push(...memoryFigures(daemon.pid, when, ...kinds));
  };
  try {
    await sleep(500);
    remember('idle', 'RSS', 'PSS', 'anonymous');
    for (const one of cases.filter((one) => wanted(one.name) && suits(one, subject, options)))
      figures.push(...(await measureCase(one, subject, rig)));
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
  return figures;
}

const suits = ({ long, floor }: Case, subject: Subject, options: Options): boolean =>
  (options.long || !long) && (subject !== 'floor' || floor !== false);

async function measureCase({ name, before = [], steps }: Case, subject: Subject, rig: Rig): Promise<Figure[]> {
  const words = steps.flatMap((step) => [verbFor(subject, step), `${step.count}`]);
  const lines = await runClient<Measured>(rig, ...before, ...words);
  return steps.flatMap((step, index) => {
    const line = lines[index];
    if (line?.usec.length !== step.count) throw new Error(`the client did not measure ${step.verb}`);
    const title = steps.length === 1 ? name : `${name} ${step.verb}`;
    return figuresOf(title, step.aspects, line);
  });
}

/** A grant costs at least what asking polkit costs. */
const verbFor = (subject: Subject, { verb }: Step): string =>
  subject === 'floor' && verb === 'grant' ? 'authorization' : verb;

async function timeStarts(subject: Subject, rig: Rig): Promise<Figure> {
  return await launch('start', rig, commandOf(subject, rig));
}

async function timeActivations(subject: Subject, rig: Rig): Promise<Figure> {
  const file = join(rig.dir, 'services', `${rtkitFace.name}.service`);
  const command = commandOf(subject, rig).map((word) => `'${word}'`);
  writeFileSync(file, `[D-BUS Service]\nName=${rtkitFace.name}\nExec=${command.join(' ')}\nUser=root\n`);
  await reloadBus(rig);
  try {
    return await launch('activation', rig);
  } finally {
    // Who dies in the middle of a measurement is to be missed, not quietly started again.
    rmSync(file);
    await reloadBus(rig);
  }
}

async function reloadBus(rig: Rig): Promise<void> {
  const bus = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  const { code, stderr } = await rig.busctl(['call', ...bus, 'ReloadConfig']);
  if (code !== 0) throw new Error(`the bus does not reload: ${stderr}`);
}

async function launch(name: Starts['what'], rig: Rig, command: readonly string[] = []): Promise<Figure> {
  const words = logging(rig, [built('build/bench-launch'), rig.address, startsPerRound, ...command]);
  const program = await Child.start('bench-launch', inNamespaceOf(rig.busPid, words), { env: environment(rig) });
  const [starts] = await linesOf<Starts>(program);
  if (starts === undefined) throw new Error(`nobody timed the ${name}`);
  return { name, unit: 'ms', value: median(starts.usec) / 1000 };
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n');
  } catch {
    return '';
  }
}
