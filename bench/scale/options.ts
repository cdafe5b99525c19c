import { parseArgs } from 'node:util';
import { whole } from '../whole.ts';

export interface Options {
  /** How many threads are held, one step after the other. */
  readonly held: readonly number[];
  readonly users: number;
  readonly connections: number;
  readonly json: string | undefined;
  readonly svg: string | undefined;
  /** Flags of the broker's Node. */
  readonly nodeFlags: readonly string[];
}

export const usage = `npm run bench:scale -- [OPTION]...
What the broker's work costs while more and more threads are held.

  --held N         so many threads are held; given again, one step after the other (default 100, 1000, 3000, 10000)
  --users N        by the processes of so many users (default 2000)
  --connections N  over so many connections at once (default 64)
  --json FILE      everything measured
  --svg FILE       the picture
  --node FLAG      for the broker's Node, as in --node=--jitless; may be given again
  --help
`;

/** @throws TypeError that says what is wrong */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      held: { type: 'string', multiple: true, default: ['100', '1000', '3000', '10000'] },
      users: { type: 'string', default: '2000' },
      connections: { type: 'string', default: '64' },
      json: { type: 'string' },
      svg: { type: 'string' },
      node: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const held = values.held.map((text) => whole('held', text, 1, 16_000));
  if (held.some((count, index) => count <= (held[index - 1] ?? 0)))
    throw new TypeError('--held: each step holds more threads than the one before');
  return {
    held,
    users: whole('users', values.users, 1, 2000),
    connections: whole('connections', values.connections, 1, 200),
    json: values.json,
    svg: values.svg,
    nodeFlags: values.node,
  };
}
