import { readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from '../machine.ts';
import { starveCases } from './cases.ts';
import type { Run } from './run.ts';
import { askedAgain, type Row, summarize, table } from './table.ts';

/** Above this share of the CPUs in the hands of others, the figures are theirs as much as ours. */
const noiseMax = 0.05;

/** All that was measured at one time, or at several on one machine. */
export interface Measured {
  readonly machine: Machine;
  /** What share of the CPUs others used, before each block of runs. */
  readonly noises: readonly number[];
  /** Runs that were repeated, because somebody else burned the CPU. */
  readonly spoilt: number;
  readonly rows: readonly Row[];
}

/** For people. */
export function describeMeasured({ machine, noises, spoilt, rows }: Measured): string {
  const { date, kernel, cpus, cpuModel, node, packages } = machine;
  const versions = Object.entries(packages).map((pair) => pair.join(' '));
  const loud = noises.filter((noise) => noise > noiseMax);
  const most = Math.round(Math.max(...noises) * 100);
  return [
    `${date}, Linux ${kernel}, ${cpus} CPUs (${cpuModel}), Node ${node}`,
    `${versions.join(', ')}\n`,
    table(rows),
    '',
    askedAgain(rows) ?? [],
    loud.length === 0
      ? []
      : `NOT QUIET: before ${loud.length} of ${noises.length} blocks of runs others used more than 5 % of the CPUs, at most ${most} %.`,
    spoilt === 0 ? [] : `${spoilt} runs were repeated, because somebody else burned the CPU, too.`,
  ]
    .flat()
    .join('\n');
}

export function write(file: string, { rows, ...rest }: Measured): void {
  const told = rows.map(({ name, runs: { rtkit, broker } }) => ({
    name,
    rtkit: { ...summarize(rtkit), each: rtkit },
    broker: { ...summarize(broker), each: broker },
  }));
  writeFileSync(file, `${JSON.stringify({ ...rest, rows: told }, null, 2)}\n`);
}

/** What write() has written. */
export function read(file: string): Measured {
  const { rows, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as Omit<Measured, 'rows'> & {
    readonly rows: readonly { name: string; rtkit: { each: Run[] }; broker: { each: Run[] } }[];
  };
  return {
    ...rest,
    rows: rows.map(({ name, rtkit, broker }) => ({ name, runs: { rtkit: rtkit.each, broker: broker.each } })),
  };
}

/** Runs of one case count together, whenever they were. @throws when they were on different machines */
export function merge(all: readonly Measured[]): Measured {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('there is nothing to merge');
  if (others.some(({ machine }) => identity(machine) !== identity(first.machine)))
    throw new Error('they were measured on different machines, or with different programs');

  const rows = all.flatMap((each) => each.rows);
  return {
    machine: first.machine,
    noises: all.flatMap(({ noises }) => noises),
    spoilt: all.reduce((sum, { spoilt }) => sum + spoilt, 0),
    rows: starveCases
      .map(({ name }) => together(name, rows))
      .filter(({ runs }) => runs.rtkit.length + runs.broker.length > 0),
  };
}

const identity = ({ date: _, ...rest }: Machine): string => JSON.stringify(rest);

function together(name: string, rows: readonly Row[]): Row {
  const same = rows.filter((row) => row.name === name);
  const of = (who: 'rtkit' | 'broker') => same.flatMap(({ runs }) => runs[who]);
  return { name, runs: { rtkit: of('rtkit'), broker: of('broker') } };
}
