import { quantile } from '../stats.ts';
import type { Run } from './run.ts';
import type { Starved } from './subject.ts';

export interface Row {
  readonly name: string;
  readonly runs: Readonly<Record<Starved, readonly Run[]>>;
}

export interface Summary {
  readonly runs: number;
  /** How many of the runs ended with the hog demoted. */
  readonly demoted: number;
  /** In ms; Infinity when in so many runs it did not come. */
  readonly p50: number;
  readonly p99: number;
  readonly innocentsDemoted: number;
  readonly lateMsec: number;
  readonly grantedAgain: number;
  readonly askedAgain: number;
}

export function summarize(runs: readonly Run[]): Summary {
  const times = runs.map(({ demotedMsec }) => demotedMsec ?? Number.POSITIVE_INFINITY);
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  return {
    runs: runs.length,
    demoted: times.filter(Number.isFinite).length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    innocentsDemoted: sum((run) => run.innocentsDemoted),
    lateMsec: quantile(
      runs.map(({ lateMsec }) => lateMsec),
      0.5,
    ),
    grantedAgain: sum((run) => run.grantedAgain),
    askedAgain: sum((run) => run.askedAgain),
  };
}

/** As Markdown, which people can read, too. */
export function table(rows: readonly Row[]): string {
  const titles = ['runs', 'p50', 'p99', 'innocents', 'ordinary late'];
  const head = ['hog', ...(['rtkit', 'broker'] as const).flatMap((who) => titles.map((title) => `${who} ${title}`))];
  const body = rows.map(({ name, runs }) => [name, ...cells(summarize(runs.rtkit)), ...cells(summarize(runs.broker))]);
  return columns([head, ...body]);
}

/** What came of asking again, where somebody did. */
export function askedAgain(rows: readonly Row[]): string | undefined {
  const { askedAgain, grantedAgain } = summarize(rows.flatMap(({ runs }) => runs.broker));
  return askedAgain === 0
    ? undefined
    : `A hog that was demoted by the broker asked for realtime again ${askedAgain} times, and got it ${grantedAgain} times.`;
}

function cells({ runs, p50, p99, innocentsDemoted, lateMsec }: Summary): string[] {
  return runs === 0
    ? ['-', '-', '-', '-', '-']
    : [`${runs}`, when(p50), when(p99), `${innocentsDemoted}`, when(lateMsec)];
}

const when = (msec: number): string => (Number.isFinite(msec) ? `${msec.toFixed(0)} ms` : 'never');

function columns([head = [], ...body]: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...body];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`).join('\n');
}
