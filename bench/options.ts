import { parseArgs } from 'node:util';
import { caseNames } from './cases.ts';
import { type Subject, subjects } from './subjects.ts';
import { whole } from './whole.ts';

export interface Options {
  readonly rounds: number;
  readonly long: boolean;
  /** Only these cases; all of them when empty. */
  readonly only: readonly string[];
  /** Who is measured. */
  readonly subjects: readonly Subject[];
  readonly json: string | undefined;
  /** Flags of the broker's Node. */
  readonly nodeFlags: readonly string[];
}

export const usage = `npm run bench -- [OPTION]...
Measures rtkit and the broker in turn, on one bus, with one polkitd and one client.

  --rounds N      how often each is started and measured (default 5)
  --only NAME     only this case; may be given again: ${caseNames.join(' ')}
  --subject NAME  only this one is measured; may be given again: ${subjects.join(' ')}
  --long          1000 held threads and the cost at rest, too
  --json FILE     everything measured, each round by itself
  --node FLAG     for the broker's Node, as in --node=--jitless; may be given again
  --help
`;

/** @throws TypeError that says what is wrong */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [] },
      subject: { type: 'string', multiple: true, default: [] },
      long: { type: 'boolean', default: false },
      json: { type: 'string' },
      node: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';

  const rounds = whole('rounds', values.rounds, 1, 100);
  for (const name of values.only)
    if (!caseNames.includes(name)) throw new TypeError(`--only: there is no case '${name}'`);
  const chosen = subjects.filter((name) => values.subject.length === 0 || values.subject.includes(name));
  for (const name of values.subject)
    if (!subjects.some((subject) => subject === name)) throw new TypeError(`--subject: there is no '${name}'`);
  return { rounds, subjects: chosen, long: values.long, only: values.only, json: values.json, nodeFlags: values.node };
}
