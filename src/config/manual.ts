import { page, plain, sentences, terms } from '../core/mdoc.ts';
import { allowed } from './fit.ts';
import { allKeys, keys, tables } from './keys.ts';

/** realtime-broker.toml(5). */
export const manual = (): string =>
  page('realtime-broker.toml', 5, 'settings of realtime-brokerd', [
    ['DESCRIPTION', description],
    ...Object.entries(tables).map(
      ([table, doc]) =>
        [table.toUpperCase(), `.Li [${table}]\n.Pp\n${sentences(doc)}\n${terms(entries(table))}`] as const,
    ),
    ['FILES', files],
    ['EXAMPLES', examples],
    ['SEE ALSO', '.Xr rtbroker 1 ,\n.Xr setrlimit 2 ,\n.Xr sched 7 ,\n.Xr realtime-brokerd 8'],
  ]);

const entries = (table: string): readonly (readonly [string, string])[] =>
  allKeys
    .filter((key) => key.startsWith(`${table}.`))
    .map((key) => {
      const row = keys[key];
      const range = `${allowed(row)}; default ${JSON.stringify(row.default)}`;
      return [`Va ${key.slice(table.length + 1)} Pq ${plain(range)}`, sentences(row.doc)];
    });

const description = `The settings of
.Xr realtime-brokerd 8 ,
in TOML.
What is not set has its default.
An unknown key, a value out of its range and values that contradict each other are errors, told with file, line and
column: the daemon does not start with them.
.Pp
.Dl realtime-brokerd --check-config
.Pp
tells all of them.`;

const files = `.Bl -tag -width Ds
.It Pa /etc/realtime-broker/realtime-broker.toml
the administrator's
.It Pa /usr/lib/realtime-broker/realtime-broker.toml
the distribution's, read if there is none in
.Pa /etc
.El`;

const examples = `Realtime priority up to 70, as JACK uses it:
.Bd -literal -offset indent
[limits]
realtime_priority_max = 70
.Ed`;
