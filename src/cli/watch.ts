import { meaningOf } from '../core/health.ts';
import { printable } from '../core/printable.ts';
import { exitStatus, toComplaint } from './complaint.ts';
import { type GrantRow, given, grantJson } from './grant.ts';
import { snake } from './limits.ts';
import { showThreadId } from './operands.ts';
import type { Event } from './remote.ts';
import { toJson } from './report.ts';
import { clockTime, duration } from './time.ts';
import type { Users } from './users.ts';
import { json, type Verb } from './verb.ts';

/** Signals, as they come. */
export const watch: Verb = {
  name: 'watch',
  operands: [],
  flags: [{ ...json, doc: 'print a line of JSON for each signal' }],
  summary: 'print what becomes of grants as it happens, until Ctrl-C',
  details:
    "What becomes of your own grants; of everybody's if you are root, or polkit lets you (org.example.RealtimeBroker.inspect). " +
    'Whether a CPU is starved, and whether the broker is degraded, everybody hears. It goes on when the broker is restarted.',
  async run(tool, asked) {
    const broker = await tool.broker();
    const say = (event: Event) => {
      const now = new Date();
      const line = asked.json ? toJson(eventJson(event, now, tool.users)) : sentence(event, tool.users);
      if (line !== undefined) tool.write(asked.json ? line : `${clockTime(now)} ${line}`);
    };
    await broker.listen({ hear: say, fault: (fault) => tool.complain(toComplaint(fault)) });
    const lost = broker.closed.then((why) => ({ why }));
    const end = await Promise.race([tool.untilLeave(), lost]);
    if (end === undefined) return exitStatus.done;
    tool.complain(toComplaint(new Error(`The message bus is gone: ${end.why}.`)));
    return exitStatus.unreachable;
  },
};

const eventJson = (event: Event, now: Date, users: Users) => {
  const head = { time_usec: now.getTime() * 1000, signal: event.signal };
  switch (event.signal) {
    case 'GrantAdded':
      return { ...head, grant: grantJson(event.grant, users) };
    case 'GrantRemoved':
      return { ...head, grant: grantJson(event.grant, users), reason: event.reason };
    case 'Starved':
      return { ...head, cpu: event.cpu, lateness_usec: event.latenessUsec };
    case 'PropertiesChanged':
      return {
        ...head,
        changed: Object.fromEntries(event.changed.keys.map((key) => [snake(key), plain(event.changed.value(key))])),
      };
    default: {
      const { signal: _, ...rest } = event;
      return { ...head, ...rest };
    }
  }
};

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** Undefined for what only counts. */
function sentence(event: Event, users: Users): string | undefined {
  switch (event.signal) {
    case 'GrantAdded':
      return `granted   ${who(event.grant, users)}: ${given(event.grant)}`;
    case 'GrantRemoved':
      return `removed   ${who(event.grant, users)}: ${given(event.grant)} (${printable(event.reason)})`;
    case 'ThreadDemoted':
      return `demoted   ${showThreadId(event)} (${printable(event.reason)})`;
    case 'ThreadRestored':
      return `restored  ${showThreadId(event)}`;
    case 'Starved':
      return `starved   CPU ${event.cpu}: an ordinary thread waited ${duration(event.latenessUsec)}`;
    case 'NameOwnerChanged':
      return event.running ? 'broker    it runs again' : 'broker    it is gone';
    case 'PropertiesChanged':
      return event.changed.keys.includes('Degraded') ? degraded(event.changed.words('Degraded')) : undefined;
  }
}

const who = (grant: GrantRow, users: Users): string =>
  `${showThreadId(grant)} ${printable(grant.comm)} (${users.show(grant.uid)})`;

const degraded = (words: readonly string[]): string =>
  words.length === 0
    ? 'health    good'
    : `health    degraded: ${words.map((word) => `${printable(word)}: ${meaningOf(word)}`).join(' ')}`;
