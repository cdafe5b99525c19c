import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rtkitFace } from '../test/rig/caller.ts';
import { Child } from '../test/rig/child.ts';
import { inNamespaceOf } from '../test/rig/namespace.ts';
import { built } from '../test/rig/paths.ts';
import type { Rig } from '../test/rig/rig.ts';
import { linesOf, type Starts } from './client.ts';
import type { Figure } from './figures.ts';
import type { Options } from './options.ts';
import { median } from './stats.ts';
import { commandOf, environment, logging, type Subject } from './subjects.ts';

const startsPerRound = '5';

interface Launched {
  readonly rig: Rig;
  readonly options: Pick<Options, 'nodeFlags'>;
}

/** From fork(2) to the name. */
export const timeStarts = (subject: Subject, { rig, options }: Launched): Promise<Figure> =>
  launch('start', rig, commandOf(subject, rig, options));

/** From the call that makes the bus start it to the answer. */
export async function timeActivations(subject: Subject, { rig, options }: Launched): Promise<Figure> {
  const file = join(rig.dir, 'services', `${rtkitFace.name}.service`);
  const command = commandOf(subject, rig, options).map((word) => `'${word}'`);
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
