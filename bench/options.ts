import { parseArgs } from 'node:util';
import { caseNames } from './cases.ts';

export interface Options {
  readonly rounds: number;
  readonly long: boolean;
  /** Only these cases; all of them when empty. */
  readonly only: readonly string[];
  readonly json: string | undefined;
  /** Flags of the broker's Node. */
  readonly nodeFlags: readonly string[];
}

export const usage = `npm run bench -- [OPTION]...
Measures rtkit and the broker in turn, on one bus, with one polkitd and one client.

  --rounds N    how often each is started and measured (default 5)
  --only NAME   only this case; may be given again: ${caseNames.join(' ')}
  --long        1000 held threads and the cost at rest, too
  --json FILE   everything measured, each round by itself
  --node FLAG   for the broker's Node, as in --node=--jitless; may be given again
  --help
`;

/** @throws TypeError that says what is wrong */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [] },
      long: { type: 'boolean', default: false },
      json: { type: 'string' },
      node: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';

  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
    throw new TypeError(`--rounds: '${values.rounds}' is not a number from 1 to 100`);
  for (const name of values.only)
    if (!caseNames.includes(name)) throw new TypeError(`--only: there is no case '${name}'`);
  return { rounds, long: values.long, only: values.only, json: values.json, nodeFlags: values.node };
}
