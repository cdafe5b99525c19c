import { printable } from '../core/printable.ts';
import { list } from './columns.ts';
import { exitStatus } from './complaint.ts';
import { type GrantRow, given, grantJson, runsAs } from './grant.ts';
import { parseThreadId, priorityOf, showThreadId } from './operands.ts';
import type { ThreadId, Verdict } from './remote.ts';
import { type Cell, paint, type Screen, toned } from './screen.ts';
import type { Running } from './threads.ts';
import { duration, since } from './time.ts';
import type { Users } from './users.ts';
import { json, type Verb } from './verb.ts';

/** Would a thread be granted realtime; if not, why, and what to do. And what it has now. */
export const explain: Verb = {
  name: 'explain',
  operands: ['PID[/TID]', '[PRIORITY]'],
  flags: [json],
  summary: 'tell whether a thread would be granted realtime, and if not, why and what to do',
  details:
    'Asks the broker for its judgement on the main thread of PID, or on TID, as if its own program asked now; nothing is ' +
    'changed. It also tells what the thread runs as, and whether the broker granted it. Without PRIORITY it is the highest ' +
    'you may have. Your own threads; others with org.example.RealtimeBroker.inspect. Exits with 1 when it would be refused.',
  async run(tool, { operands }) {
    const id = parseThreadId(operands[0]!);
    const priority = await priorityOf(tool, operands[1]);
    const broker = await tool.broker();
    const verdict = await broker.explain(id, priority);
    const running = tool.threads.look(id);
    const grant = (await broker.grants(running?.uid === tool.uid ? 'own' : 'everybody')).find((each) => isOf(each, id));
    return {
      status: verdict.granted ? exitStatus.done : exitStatus.refused,
      lines: [
        ...list([['thread', name(id, running, tool.users)], ...has(running, grant)], tool.screen),
        ...judgement(verdict, priority, tool.screen),
      ],
      json: {
        process: id.process,
        thread: id.thread || id.process,
        priority,
        would_be_granted: verdict.granted,
        reason: verdict.reason,
        remedy: verdict.remedy,
        runs_as: running && runningJson(running),
        grant: grant === undefined ? null : grantJson(grant, tool.users),
      },
    };
  },
};

const isOf = (grant: GrantRow, { process, thread }: ThreadId): boolean =>
  grant.process === process && grant.thread === (thread || process);

const name = (id: ThreadId, running: Running | undefined, users: Users): string =>
  running === undefined
    ? showThreadId(id)
    : `${showThreadId(id)} ${printable(running.comm)} (${users.show(running.uid)}) ${printable(running.program)}`.trimEnd();

function has(running: Running | undefined, grant: GrantRow | undefined): readonly (readonly [string, Cell])[] {
  const now: readonly (readonly [string, Cell])[] =
    running === undefined
      ? []
      : [
          ['runs as', runsAs(running)],
          ['RLIMIT_RTTIME', running.rttimeUsec === 'unlimited' ? 'not set' : duration(running.rttimeUsec)],
        ];
  if (grant === undefined) return [...now, ['granted', 'nothing, by the broker']];
  const state = grant.reason === '' ? grant.state : `${grant.state}: ${printable(grant.reason)}`;
  return [...now, ['granted', `${given(grant)}, by the broker, ${since(grant.grantedAtUsec)} ago (${state})`]];
}

function judgement({ granted, reason, remedy }: Verdict, priority: number, screen: Screen): readonly string[] {
  const asked = given({ kind: 'realtime', level: priority });
  if (granted) return [paint(toned(`It would be granted ${asked}.`, 'good'), screen)];
  return [
    `${paint(toned(`It would be refused ${asked}`, 'bad'), screen)} (${printable(reason)}): ${printable(remedy)}`,
  ];
}

const runningJson = ({ policy, level, comm, program, uid, rttimeUsec }: Running) => ({
  uid,
  comm,
  program,
  policy,
  priority: level,
  rttime_usec: rttimeUsec === 'unlimited' ? null : Number(rttimeUsec),
});
