import { readFileSync } from 'node:fs';
import type { Figure } from './figures.ts';

const fields = { RSS: 'Rss', PSS: 'Pss', anonymous: 'Anonymous' } as const;

/** Of the whole process, from /proc/PID/smaps_rollup, proc(5). */
export function memoryFigures(pid: number, when: string, ...kinds: (keyof typeof fields)[]): Figure[] {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return kinds.map((kind) => ({
    name: `memory ${when} ${kind}`,
    unit: 'MiB',
    value: kib(rollup, fields[kind]) / 1024,
  }));
}

function kib(rollup: string, field: string): number {
  const found = new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(rollup)?.[1];
  if (found === undefined) throw new Error(`no ${field} in smaps_rollup`);
  return Number(found);
}
