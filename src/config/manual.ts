import { page, plain, sentences, terms } from '../core/mdoc.ts';
import { allowed } from './fit.ts';
import { allKeys, keys, ruleConditions, ruleLimits, tables, untilRestart } from './keys.ts';

/** realtime-broker.toml(5). */
export const manual = (): string =>
  page('realtime-broker.toml', 5, 'settings of realtime-brokerd', [
    ['DESCRIPTION', description],
    ...Object.entries(tables).map(
      ([table, doc]) =>
        [table.toUpperCase(), `.Li [${table}]\n.Pp\n${sentences(doc)}\n${terms(entries(table))}`] as const,
    ),
    ['RULES', `${rules}\n${conditions()}\n.Pp\n${whatRulesDo}\n${limits()}\n.Pp\n${whyNotRaise}`],
    ['FILES', files],
    ['EXAMPLES', examples],
    ['SEE ALSO', '.Xr rtbroker 1 ,\n.Xr setrlimit 2 ,\n.Xr sched 7 ,\n.Xr realtime-brokerd 8'],
  ]);

const entries = (table: string): readonly (readonly [string, string])[] =>
  allKeys
    .filter((key) => key.startsWith(`${table}.`))
    .map((key) => {
      const row = keys[key];
      const waits = untilRestart.includes(key) ? '; waits for a restart' : '';
      const range = `${allowed(row)}; default ${JSON.stringify(row.default)}${waits}`;
      return [`Va ${key.slice(table.length + 1)} Pq ${plain(range)}`, sentences(row.doc)];
    });

const description = `The settings of
.Xr realtime-brokerd 8 ,
in TOML.
What is not set has its default.
An unknown key, a value out of its range and values that contradict each other
are errors, told with file, line and column: the daemon does not start with
them, and a reload changes nothing.
.Pp
.Dl realtime-brokerd --check-config
.Pp
tells all of them, and
.Pp
.Dl rtbroker reload
.Pp
has the daemon read its files anew.
A limit that is lowered takes no grant away:
.Ql rtbroker status
shows who is over it.
.Ql rtbroker config
shows where each value comes from.`;

const rules = `Exceptions to the limits, as many as you like.
Each is a table of its own, which begins with
.Li [[rule]] ,
says for whom it is, and sets limits, or refuses.
A rule that says several of these is for processes that fit them all:`;

const conditions = (): string =>
  terms(Object.entries(ruleConditions).map(([name, doc]) => [`Va ${name}`, sentences(doc)]));

const whatRulesDo = `It may set each of these, as in
.Li [limits] ;
.Li refuse = true
grants nothing at all, and
.Li refuse = false
lifts that again.
Rules are gone through in the order of the files, and in them from top to
bottom; of those that are for a process, the last one that sets a limit
decides it.`;

const limits = (): string =>
  ['.Bl -item -compact', ...Object.keys(ruleLimits).map((name) => `.It\n.Va ${name}`), '.El'].join('\n');

const whyNotRaise = `Users can have their processes look like any executable, and like any unit of
their own manager.
So a rule by
.Va executable
or
.Va user_unit
alone may only tighten; to raise a limit it must name a user or a group, too.
Executables are compared by device and inode, so that no other name or mount
namespace makes one look like another.`;

const files = `.Bl -tag -width Ds
.It Pa /etc/realtime-broker/realtime-broker.toml
the administrator's
.It Pa /usr/lib/realtime-broker/realtime-broker.toml
the distribution's, read if there is none in
.Pa /etc
.It Pa /etc/realtime-broker/realtime-broker.toml.d/*.toml
read after either, in the order of their names: of keys that several set, the
last one counts, and rules follow each other
.El
.Pp
All must belong to root, and nobody else may write them.`;

const examples = `Realtime priority up to 70, as JACK uses it, but for students:
.Bd -literal -offset indent
[limits]
realtime_priority_max = 70

[[rule]]
group = "students"
realtime_priority_max = 5
.Ed`;
