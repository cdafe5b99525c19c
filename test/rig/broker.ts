import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownFace, rtkitFace } from './caller.ts';
import { Child } from './child.ts';
import { inNamespaceOf } from './namespace.ts';
import { built, fromRoot } from './paths.ts';
import type { Rig } from './rig.ts';

export interface BrokerOptions {
  /** The whole configuration file, TOML. */
  readonly config?: string;
  readonly args?: readonly string[];
  /** The node to run it, if not this one. */
  readonly node?: string;
  /** A command that runs it, as setpriv or prlimit does. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Bus names it must own before it counts as started. */
  readonly names?: readonly string[];
  /** The same for a broker and its successor. */
  readonly stateDir?: string;
}

let brokers = 0;

/** Node's, as in the unit: what is tried is what runs. `ExecStart=node FLAG... PROGRAM`. */
export function unitFlags(): string[] {
  const unit = readFileSync(fromRoot('systemd/realtime-broker.service'), 'utf8');
  const flags = /^ExecStart=node ((?:-\S+ )*)\S+$/m.exec(unit)?.[1];
  if (flags === undefined) throw new Error('the unit starts no node');
  return flags.split(' ').filter(Boolean);
}

/** @throws with all it said, when it dies instead of taking its names */
export async function startBroker(rig: Rig, options: BrokerOptions): Promise<Child> {
  const { node = process.execPath, under = [], args = [], env = {}, stateDir = join(rig.dir, 'state') } = options;
  const file = join(rig.dir, `broker-${++brokers}.toml`);
  writeFileSync(file, options.config ?? '');
  mkdirSync(stateDir, { recursive: true });

  const own = ['--bus', rig.address, '--state-dir', stateDir, '--config', file];
  const command = [...under, node, ...unitFlags(), built('dist/realtime-brokerd.js'), ...own, ...args];
  const broker = await Child.start('realtime-brokerd', inNamespaceOf(rig.busPid, command), { env });
  await rig.untilOwned(broker, options.names ?? [ownFace.name, rtkitFace.name]);
  return broker;
}
