import { BusError } from '../bus/bus-error.ts';
import { printable } from '../core/printable.ts';
import { type Column, table } from './columns.ts';
import { exitStatus, ownErrors, WrongUse } from './complaint.ts';
import type { Dictionary } from './dictionary.ts';
import { type GrantRow, runsAs } from './grant.ts';
import { showThreadId } from './operands.ts';
import type { RemoteBroker } from './remote.ts';
import type { Report } from './report.ts';
import { type Screen, toned } from './screen.ts';
import type { Terminal } from './terminal.ts';
import type { Threads } from './threads.ts';
import { clockTime } from './time.ts';
import { Usage, type Use } from './usage.ts';
import type { Users } from './users.ts';
import { json, type Tool, type Verb } from './verb.ts';

/** Who of the granted threads uses the CPU, live. */
export const top: Verb = {
  name: 'top',
  operands: [],
  flags: [
    { name: 'delay', short: 'd', value: 'SECONDS', doc: 'time between two looks, 0.1 to 60 (default 1)' },
    { ...json, doc: 'look once, and print JSON' },
  ],
  summary: 'show live what granted threads use of the CPU and of RLIMIT_RTTIME',
  details:
    'CPU is the share of one CPU since the last look. RTTIME is how near a thread comes to the RLIMIT_RTTIME of its process: ' +
    'the CPU time it took between two sleeps, on average since the last look, beside the limit; at 100 % the kernel ends the ' +
    'process. Keys: q quits; c, r, u and p sort by CPU, RTTIME, user and process. Without a terminal it looks once.',
  async run(tool, asked) {
    const delayMsec = parseDelay(asked.given.get('delay'));
    const broker = await tool.broker();
    const usage = new Usage();
    await look(broker, usage, tool.threads);
    const { terminal } = tool;
    if (terminal !== undefined && !asked.json) return show(tool, terminal, broker, usage, delayMsec);

    await new Promise((resolve) => setTimeout(resolve, delayMsec));
    return report(await look(broker, usage, tool.threads), tool);
  },
};

function parseDelay(word = '1'): number {
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(word) ? Number(word) : Number.NaN;
  if (seconds >= 0.1 && seconds <= 60) return seconds * 1000;
  throw new WrongUse(`'${printable(word.slice(0, 80))}' is no time between two looks: expected 0.1 to 60 seconds`);
}

const look = async (broker: RemoteBroker, usage: Usage, threads: Threads): Promise<readonly Use[]> =>
  usage.look(await broker.grants('own'), threads, performance.now());

const report = (uses: readonly Use[], { users, screen }: Tool): Report => ({
  status: exitStatus.done,
  lines: table(columns(users), sorted(uses, 'c'), screen),
  json: sorted(uses, 'c').map(({ grant, cpu, rttime }) => ({
    uid: grant.uid,
    user: users.nameOf(grant.uid) ?? null,
    process: grant.process,
    thread: grant.thread,
    comm: grant.comm,
    actual_policy: grant.actual?.policy ?? null,
    actual_priority: grant.actual?.level ?? null,
    state: grant.state,
    cpu_share: cpu ?? null,
    rttime_share: rttime ?? null,
  })),
});

const orders = {
  c: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1),
  r: (a, b) => (b.rttime ?? -1) - (a.rttime ?? -1),
  u: (a, b) => a.grant.uid - b.grant.uid,
  p: () => 0,
} as const satisfies Readonly<Record<string, (a: Use, b: Use) => number>>;
type Order = keyof typeof orders;
const isOrder = (key: string): key is Order => Object.hasOwn(orders, key);

const byIds = ({ grant: a }: Use, { grant: b }: Use): number => a.process - b.process || a.thread - b.thread;

const sorted = (uses: readonly Use[], order: Order): readonly Use[] =>
  [...uses].sort((a, b) => orders[order](a, b) || byIds(a, b));

/** Until q, Ctrl-C, or the end of the broker. */
async function show(
  tool: Tool,
  terminal: Terminal,
  broker: RemoteBroker,
  usage: Usage,
  delayMsec: number,
): Promise<number> {
  let order: Order = 'c';
  let uses: readonly Use[] = [];
  let properties = await broker.properties();
  // Who stops it shall not find that somebody's terminal started it again.
  broker.autoStart = false;
  const draw = () => terminal.draw(picture(properties, sorted(uses, order), tool, terminal.columns), tool.screen);
  let quit = () => {};
  const quitting = new Promise<void>((resolve) => {
    quit = resolve;
  });
  const hear = (key: string) => {
    if (key === 'q' || key === 'Q' || key === ctrlC) quit();
    if (!isOrder(key)) return;
    order = key;
    draw();
  };

  const leaving = Promise.race([quitting, tool.untilLeave()]).then(() => 'leave' as const);
  using _ = terminal.take(hear, draw);
  for (;;) {
    try {
      [uses, properties] = await Promise.all([look(broker, usage, tool.threads), broker.properties()]);
    } catch (fault) {
      // Its user asks too often, here or elsewhere: it is told so late enough that this loop slows down.
      if (!(fault instanceof BusError) || fault.name !== `${ownErrors}Burst`) throw fault;
    }
    draw();
    const pause = new Promise((resolve) => setTimeout(resolve, delayMsec));
    if ((await Promise.race([leaving, pause])) === 'leave') return exitStatus.done;
  }
}

/** In raw mode the terminal makes no signal of it. */
const ctrlC = '\x03';

function picture(properties: Dictionary, uses: readonly Use[], tool: Tool, width: number): readonly string[] {
  const screen: Screen = { ...tool.screen, columns: width };
  const words = properties.words('Degraded').map(printable);
  const health = properties.flag('Starved') ? 'starved' : words.length === 0 ? 'good' : `degraded: ${words.join(', ')}`;
  const head = `${clockTime(new Date())}  ${properties.number('ThreadCount')} threads granted  ${health}  (q quits)`;
  return [head, '', ...table(columns(tool.users), uses, screen)];
}

const columns = (users: Users): readonly Column<Use>[] => [
  { title: 'USER', cell: ({ grant }) => users.show(grant.uid), narrowest: 6 },
  { title: 'THREAD', cell: ({ grant }) => showThreadId(grant) },
  { title: 'NAME', cell: ({ grant }) => printable(grant.comm), narrowest: 6 },
  { title: 'RUNS AS', cell: ({ grant }) => (grant.actual === undefined ? '' : runsAs(grant.actual)) },
  { title: 'STATE', cell: ({ grant }) => stateOf(grant) },
  { title: 'CPU', cell: ({ cpu }) => percent(cpu), right: true },
  {
    title: 'RTTIME',
    cell: ({ rttime }) => (rttime !== undefined && rttime > 0.5 ? toned(percent(rttime), 'bad') : percent(rttime)),
    right: true,
  },
];

const stateOf = ({ state }: GrantRow) =>
  toned(printable(state), state === 'active' ? 'good' : state === 'demoted' ? 'bad' : 'warning');

const percent = (share: number | undefined): string => (share === undefined ? '-' : `${(share * 100).toFixed(1)}%`);
