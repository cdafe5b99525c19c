import { meaningOf } from '../core/health.ts';
import { list, table } from './columns.ts';
import { exitStatus } from './complaint.ts';
import type { Dictionary } from './dictionary.ts';
import { type GrantRow, grantJson } from './grant.ts';
import { grantTable, ordered } from './grant-table.ts';
import { type Cell, paint, toned } from './screen.ts';
import type { Users } from './users.ts';
import { json, type Tool, type Verb } from './verb.ts';

/** One screen: is all well, and who has what. */
export const status: Verb = {
  name: 'status',
  operands: [],
  flags: [json],
  summary: 'show on one screen whether all is well, and who has what',
  details:
    'Exits with 1 when the broker is degraded or a CPU is starved. Grants and totals are of those you may see, as for list.',
  async run(tool) {
    const broker = await tool.broker();
    const [properties, grants] = await Promise.all([broker.properties(), broker.grants('own')]);
    const health = healthOf(properties);
    const drift = await driftOf(grants, tool);
    return {
      status: health.well ? exitStatus.done : exitStatus.refused,
      lines: statusLines(properties, health, drift, grants, tool),
      json: {
        version: properties.text('Version'),
        healthy: health.well,
        degraded: health.degraded,
        starved: health.starved,
        drift,
        totals: {
          threads: properties.number('ThreadCount'),
          processes: properties.number('ProcessCount'),
          users: properties.number('UserCount'),
        },
        users: totals(grants).map(({ uid, ...counts }) => ({ uid, user: tool.users.nameOf(uid) ?? null, ...counts })),
        grants: ordered(grants).map((grant) => grantJson(grant, tool.users)),
      },
    };
  },
};

interface Health {
  readonly well: boolean;
  readonly starved: boolean;
  readonly degraded: readonly { readonly reason: string; readonly meaning: string }[];
}

function healthOf(properties: Dictionary): Health {
  const starved = properties.flag('Starved');
  const degraded = properties.words('Degraded').map((reason) => ({ reason, meaning: meaningOf(reason) }));
  return { well: !starved && degraded.length === 0, starved, degraded };
}

function statusLines(
  properties: Dictionary,
  health: Health,
  drift: Drift,
  grants: readonly GrantRow[],
  tool: Tool,
): readonly string[] {
  const { screen, users } = tool;
  const heading = (text: string) => (screen.terminal ? ['', paint(toned(text, 'bold'), screen)] : []);
  const [threads, processes, userCount] = ['ThreadCount', 'ProcessCount', 'UserCount'].map((key) =>
    properties.number(key),
  );
  return [
    ...list(
      [
        ['realtime-broker', `${properties.text('Version')}`],
        ['health', verdict(health)],
        ...health.degraded.map(({ reason, meaning }): [string, Cell] => [reason, meaning]),
        ['canary', health.starved ? toned('starved: realtime threads keep others from running', 'bad') : 'calm'],
        ['granted', `${threads} threads in ${processes} processes of ${userCount} users`],
        ...driftPairs(drift),
        ...overLimit(grants),
      ],
      screen,
    ),
    ...(grants.length === 0 ? [] : [...heading('Users'), ...table(totalColumns(users), totals(grants), screen)]),
    ...(grants.length === 0 ? [] : [...heading('Grants'), ...grantTable(grants, users, screen)]),
  ];
}

interface Drift {
  /** How many threads run as somebody else made them. */
  readonly threads: number;
  /** Who is known for that, and runs. */
  readonly meddlers: readonly string[];
}

async function driftOf(grants: readonly GrantRow[], tool: Tool): Promise<Drift> {
  const threads = grants.filter(({ reason }) => reason === 'changed-by-others').length;
  return { threads, meddlers: threads === 0 ? [] : await tool.meddlers() };
}

function driftPairs({ threads, meddlers }: Drift): readonly (readonly [string, Cell])[] {
  if (threads === 0) return [];
  const who =
    meddlers.length === 0 ? 'nobody known for that runs' : `known for that, and running: ${meddlers.join(', ')}`;
  return [['drift', toned(`${threads} of these run as somebody else made them; ${who}`, 'warning')]];
}

/** A limit that is lowered takes nothing away. */
function overLimit(grants: readonly GrantRow[]): readonly (readonly [string, Cell])[] {
  const over = grants.filter(({ overLimit: reason }) => reason !== '').length;
  const text = `${over} of these would be refused now: limits were lowered, which takes nothing away`;
  return over === 0 ? [] : [['over limit', toned(text, 'warning')]];
}

const verdict = ({ well, starved, degraded }: Health): Cell =>
  well ? toned('good', 'good') : toned(degraded.length > 0 ? 'degraded' : starved ? 'starved' : '', 'bad');

interface Totals {
  readonly uid: number;
  readonly processes: number;
  readonly realtime_threads: number;
  readonly high_priority_threads: number;
}

function totals(grants: readonly GrantRow[]): readonly Totals[] {
  return [...new Set(ordered(grants).map(({ uid }) => uid))].map((uid) => {
    const own = grants.filter((grant) => grant.uid === uid);
    const realtime = own.filter(({ kind }) => kind === 'realtime').length;
    return {
      uid,
      processes: new Set(own.map(({ process }) => process)).size,
      realtime_threads: realtime,
      high_priority_threads: own.length - realtime,
    };
  });
}

const totalColumns = (users: Users) =>
  [
    { title: 'USER', cell: ({ uid }: Totals) => users.show(uid), narrowest: 8 },
    { title: 'PROCESSES', cell: ({ processes }: Totals) => `${processes}`, right: true },
    { title: 'REALTIME', cell: ({ realtime_threads: count }: Totals) => `${count}`, right: true },
    { title: 'NICE', cell: ({ high_priority_threads: count }: Totals) => `${count}`, right: true },
  ] as const;
