import { printable } from '../core/printable.ts';
import { list } from './columns.ts';
import { exitStatus } from './complaint.ts';
import type { Dictionary } from './dictionary.ts';
import { duration } from './time.ts';
import { json, type Verb } from './verb.ts';

/** What the caller may have, and how much of it he has. */
export const limits: Verb = {
  name: 'limits',
  operands: [],
  flags: [json],
  summary: 'show what you may have, and how much of it is used',
  details:
    'The limits that hold for the user who asks, as the configuration and its rules have them now. ' +
    "What holds for another user's thread, 'explain' tells.",
  async run(tool) {
    const told = await (await tool.broker()).limits();
    return { status: exitStatus.done, lines: list(limitPairs(told), tool.screen), json: limitsJson(told) };
  },
};

const limitPairs = (told: Dictionary): readonly (readonly [string, string])[] => [
  ...refusedBy(told.maybeText('RefusedBy') ?? ''),
  ['realtime priority', `at most ${told.number('MaxRealtimePriority')}`],
  ['nice level', `at least ${told.number('MinNiceLevel')}`],
  ['RLIMIT_RTTIME', `${duration(told.number('RTTimeUSecMin'))} to ${duration(told.number('RTTimeUSecMax'))}`],
  ['processes', used(told, 'Processes')],
  ['realtime threads', `${used(told, 'RealtimeThreads')}, ${told.number('RealtimeThreadsPerProcessMax')} a process`],
  [
    'nice threads',
    `${used(told, 'HighPriorityThreads')}, ${told.number('HighPriorityThreadsPerProcessMax')} a process`,
  ],
  [
    'requests',
    `${told.number('BurstRequestsLeft')} of ${told.number('BurstRequests')} left, ${told.number('BurstRefillPerSec')} a second`,
  ],
];

const refusedBy = (origin: string): readonly (readonly [string, string])[] =>
  origin === '' ? [] : [['refused everything', `by the rule at ${printable(origin)}`]];

const used = (told: Dictionary, what: string): string =>
  `${told.number(`${what}Used`)} of ${told.number(`${what}Max`)} used`;

/** The keys of GetLimits, spelled as --json spells all: "RTTimeUSecMax" becomes "rttime_usec_max". */
const limitsJson = (told: Dictionary) =>
  Object.fromEntries(told.keys.map((key) => [snake(key), told.maybeNumber(key) ?? told.maybeText(key)]));

export const snake = (key: string): string =>
  key
    .replace('RTTime', 'Rttime')
    .replace('USec', 'Usec')
    .replace(/(?<=[a-z])[A-Z]/g, '_$&')
    .toLowerCase();
