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
    ['RULES', rules],
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
tells all of them, and which files were read.
.Pp
.Dl rtbroker reload
.Pp
and
.Dv SIGHUP
have a daemon that runs read all files anew.
It puts everything in force, or, if anything is wrong, nothing.
What was granted stays, though a limit may be lower now;
.Ic rtbroker status
shows what is above its limit, and
.Ic rtbroker config
where each value comes from.
What
.Li org.freedesktop.RealtimeKit1
says of the limits stays as long as the machine is up, since its clients read it once: a hard
.Dv RLIMIT_RTTIME
by which they went is good there still.
Settings that wait for a restart say so below, and the journal says so when one was changed.`;

const rules = `What is written under
.Li [limits]
is for everybody.
Exceptions are tables
.Li [[rule]] ,
as many as are wanted, each of which says for whom it is and what they may have.
.Pp
For whom; a rule that says several of these is for processes that fit all of them:
${terms(Object.entries(ruleConditions).map(([name, doc]) => [`Va ${name}`, sentences(`${doc.replace(/^./, (first) => first.toUpperCase())}.`)]))}
.Pp
What they may have: each of these, as in
.Li [limits] ,
${Object.keys(ruleLimits)
  .map((name) => `.Va ${name} ,`)
  .join('\n')}
and
.Va refuse :
true grants nothing at all, false lifts what a rule before it refused.
.Pp
Rules are gone through in their order: those of the file first, then those of each drop-in.
Of all that are for a process, the last one that sets a limit decides that limit.
.Pp
Groups are those of the process
.Pq Xr credentials 7 :
its gids and its supplementary groups; and those that its user is in by
.Pa /etc/passwd
and
.Pa /etc/group
as they are at the moment, so that nobody leaves one by
.Xr newgidmap 1 .
Who joins a group is in it at once, who is put out of it when he has logged in anew.
Of groups known elsewhere, as by LDAP, only the process's own count, and who was given subordinate gids can leave those.
.Pp
Names are looked up in
.Pa /etc/passwd
and
.Pa /etc/group
alone, when the configuration is read.
Whoever is known elsewhere, as by LDAP, must be given by number.
A rule for a name that nobody has is for nobody, and a warning.
.Pp
A program is the file that has that path at the moment it is asked about, as the daemon sees it, by device and inode.
So a program that was replaced while it runs is another one until it is started anew; a script is its interpreter; and what
the daemon's unit hides from it, as
.Pa /home
and
.Pa /tmp ,
cannot be named.
.Pp
A user can have any program do what he likes, and names and places his own units as he likes.
A rule by
.Va executable
or
.Va user_unit
alone, or by both, may therefore only take.
It is an error when it gives more than
.Li [limits]
or a rule before it: name a user or a group as well.
.Va unit
and
.Va slice
mean those of the system's manager, which root alone can make; below
.Li user@ Ns Ar UID Ns Li .service
nothing but
.Va user_unit
counts.`;

const files = `.Bl -tag -width Ds
.It Pa /etc/realtime-broker/realtime-broker.toml
the administrator's
.It Pa /usr/lib/realtime-broker/realtime-broker.toml
the distribution's, read if there is none in
.Pa /etc
.It Pa /etc/realtime-broker/realtime-broker.toml.d/*.toml
drop-ins, read after either in the order of their names: each changes the keys that it sets, and adds its rules after those
before it.
A file whose name begins with a dot is left out.
.El
.Pp
With
.Fl -config Ar FILE
it is that file, and the files in
.Ar FILE Ns Pa .d .
All must be regular files of root's that nobody else may write, of at most 1 MiB.`;

const examples = `Realtime priority up to 70, as JACK uses it, but not for students, and none at all for a
program that abuses it:
.Bd -literal -offset indent
[limits]
realtime_priority_max = 70

[[rule]]
group = "students"
realtime_priority_max = 5

[[rule]]
executable = "/usr/bin/greedy"
refuse = true
.Ed`;
