import { printable } from '../core/printable.ts';
import { type Column, table } from './columns.ts';
import { type GrantRow, runsAs } from './grant.ts';
import { showThreadId } from './operands.ts';
import { type Cell, type Screen, toned } from './screen.ts';
import { since } from './time.ts';
import type { Users } from './users.ts';

export const grantTable = (grants: readonly GrantRow[], users: Users, screen: Screen): readonly string[] =>
  table(columns(users), ordered(grants), screen);

/** By user, process and thread: as one looks for them. */
export const ordered = (grants: readonly GrantRow[]): readonly GrantRow[] =>
  [...grants].sort((a, b) => a.uid - b.uid || a.process - b.process || a.thread - b.thread);

const columns = (users: Users): readonly Column<GrantRow>[] => [
  { title: 'USER', cell: ({ uid }) => users.show(uid), narrowest: 8 },
  { title: 'THREAD', cell: showThreadId },
  { title: 'NAME', cell: ({ comm }) => printable(comm), narrowest: 8 },
  { title: 'GRANTED', cell: ({ policy, level }) => runsAs({ policy, level }) },
  { title: 'RUNS AS', cell: actual },
  { title: 'STATE', cell: state, narrowest: 10 },
  { title: 'SINCE', cell: ({ grantedAtUsec }) => since(grantedAtUsec) },
];

/** Beside what was granted, and striking where it is something else. */
function actual({ policy, level, actual: now }: GrantRow): Cell {
  if (now === undefined) return '';
  const text = runsAs(now);
  return text === runsAs({ policy, level }) ? text : toned(text, 'bad');
}

function state({ state: word, reason, overLimit }: GrantRow): Cell {
  const over = overLimit === '' ? '' : `, ${overLimit}`;
  const text = printable(`${reason === '' ? word : `${word} (${reason})`}${over}`);
  if (word === 'demoted') return toned(text, 'bad');
  return toned(text, word === 'active' && over === '' ? 'good' : 'warning');
}
