import { parseArgs } from 'node:util';
import { whole } from '../whole.ts';
import { starveCases } from './cases.ts';

export interface Options {
  /** Of each case. */
  readonly runs: number;
  readonly rtkitRuns: number;
  /** Only the cases with these numbers; all of them when empty. */
  readonly only: readonly number[];
  readonly json: string | undefined;
  /** What earlier runs wrote with --json: nothing is measured, and all of it becomes one table. */
  readonly merge: readonly string[];
}

export const usage = `npm run bench:starve -- [OPTION]...
From a hog's start to its end as a realtime thread, with rtkit and with the broker.

  --runs N        how often each case is run with the broker (default 5)
  --rtkit-runs N  and with rtkit, which is given 20 s each time (default 1)
  --long          100 and 5
  --only N        only this case; may be given again:
${starveCases.map(({ name }, index) => `                    ${`${index + 1}`.padStart(2)}  ${name}\n`).join('')}\
  --json FILE     everything measured, each run by itself
  --merge FILE    no measurement, but the table of what --json wrote; may be given again, for cases run one by one
  --help
`;

/** @throws TypeError that says what is wrong */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string' },
      'rtkit-runs': { type: 'string' },
      long: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      merge: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    runs: whole('runs', values.runs ?? (values.long ? '100' : '5'), 0, 10_000),
    rtkitRuns: whole('rtkit-runs', values['rtkit-runs'] ?? (values.long ? '5' : '1'), 0, 1000),
    only: values.only.map((text) => whole('only', text, 1, starveCases.length)),
    json: values.json,
    merge: values.merge,
  };
}
