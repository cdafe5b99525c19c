import { page, plain, sentences, terms, word } from '../core/mdoc.ts';
import { everywhere, flagsAlone } from './commandline.ts';
import { capital } from './help.ts';
import type { Verb } from './verb.ts';
import type { Flag } from './words.ts';

/** rtbroker(1). */
export const manual = (verbs: readonly Verb[]): string =>
  page('rtbroker', 1, 'see, explain and change which threads run realtime', [
    ['SYNOPSIS', ['.Nm', '.Op Fl -bus Ar address', '.Ar verb', '.Op Ar flag ...', '.Op Ar operand ...'].join('\n')],
    ['DESCRIPTION', description],
    ['VERBS', terms(verbs.map((verb) => [synopsis(verb), entry(verb)]))],
    ['FLAGS', terms(flagsAlone.map((flag) => [flagTerm(flag), `${sentences(`${capital(flag.doc)}.`)}`]))],
    ['OUTPUT', output],
    ['JSON', `${jsonText}\n${terms(Object.entries(shapes).map(([verb, keys]) => [`Ic ${verb}`, keyTerms(keys)]))}`],
    ['ENVIRONMENT', terms(environment)],
    ['EXIT STATUS', exitStatus],
    ['EXAMPLES', examples],
    ['SEE ALSO', seeAlso],
  ]);

const synopsis = (verb: Verb): string => {
  const flags = verb.flags.filter((flag) => !everywhere.includes(flag)).map((flag) => `Oo ${flagTerm(flag)} Oc`);
  return ['Ic', word(verb.name), ...flags, ...(verb.startsProgram ? ['Fl -'] : []), ...verb.operands.map(operand)].join(
    ' ',
  );
};

const operand = (text: string): string => {
  const inner = /^\[(.*)\](\.\.\.)?$/.exec(text);
  return inner === null ? `Ar ${text}` : `Oo Ar ${inner[1]} ${inner[2] ?? ''} Oc`.replace('  ', ' ');
};

const flagTerm = ({ name, short, value }: Flag): string =>
  [
    ...(short === undefined ? [] : [`Fl ${short} ,`]),
    `Fl -${name}`,
    ...(value === undefined ? [] : [`Ar ${value}`]),
  ].join(' ');

const entry = (verb: Verb): string =>
  [
    sentences(`${capital(verb.summary)}.`),
    sentences(verb.details),
    ...(verb.flags.length === 0
      ? []
      : [terms(verb.flags.map((flag) => [flagTerm(flag), sentences(`${capital(flag.doc)}.`)]))]),
  ].join('\n');

const description = `.Nm
talks to
.Xr realtime-brokerd 8
over the system bus.
It tells which threads run realtime and why others do not, gives and takes grants, and starts programs realtime.
Anybody may run it; what concerns the threads of others is for root, and for whom polkit lets
.Pq Li org.example.RealtimeBroker.inspect No and Li .manage .
At a terminal polkit may ask for a password.
.Pp
A thread is named by
.Ar PID ,
which means the main thread of that process, or
.Ar PID Ns / Ns Ar TID .`;

const output = `On a terminal there are tables with headings, and colours.
Elsewhere a row is a line, its cells divided by tabs, without a heading; columns keep their order, and new ones come last.
What others named, as threads and programs, is printed with control characters and other unprintable ones as
.Li \\eu{1b} .`;

const jsonText = `With
.Fl -json
there is one line of JSON; from
.Ic watch
a line for each signal.
Keys may be added.
Times end in
.Li _usec
and are microseconds; points in time count from 1970.
Unprintable characters are escaped.
A
.Em grant
is the same everywhere.`;

type Keys = Readonly<Record<string, string>>;

/** What --json prints: tests hold it against what comes. */
export const shapes: Readonly<Record<string, Keys>> = {
  grant: {
    uid: 'number of the user whose thread it is',
    user: 'his name, or null',
    process: 'PID',
    thread: 'TID',
    comm: "the thread's name when it was granted",
    program: 'path of its program then',
    kind: '"realtime" or "high-priority"',
    policy: '"rr" or "other": what was granted, with one of the next two',
    priority: 'realtime priority',
    nice: 'nice level',
    actual_policy: 'what it runs as now: "other", "fifo", "rr", "batch", "idle", "deadline", "ext"',
    actual_priority: 'realtime priority under fifo and rr, nice level under the others',
    state: '"active", "demoted" or "drifted"',
    reason: 'why it is not active, or empty',
    over_limit: 'why it would be refused now that limits were lowered, or empty',
    granted_at_usec: 'when it was granted',
    cpu_usec: 'CPU time the thread has used in its life',
  },
  status: {
    version: "the broker's",
    healthy: 'true: neither degraded nor starved',
    degraded: 'a list of what the broker cannot do: reason, a word, and meaning, a sentence',
    starved: 'realtime threads keep others from running, now',
    drift: 'threads, how many run as somebody else made them, and meddlers, a list of who is known for that and runs',
    totals: 'threads, processes and users with grants',
    users: 'a list: uid, user, processes, realtime_threads, high_priority_threads',
    grants: 'a list of grants',
  },
  list: { '[]': 'a list of grants' },
  explain: {
    process: 'PID',
    thread: 'TID',
    priority: 'what was asked about',
    would_be_granted: 'true or false',
    reason: 'a word, or empty',
    remedy: 'sentences: what was found and what to do',
    runs_as:
      'uid, comm, program, policy, priority, and rttime_usec, the hard RLIMIT_RTTIME or null; null if that may not be seen',
    grant: 'the grant it has, or null',
  },
  limits: { '*': 'the keys of GetLimits in org.example.RealtimeBroker(5), as in rttime_usec_max' },
  watch: {
    time_usec: 'when it was heard',
    signal: 'its name, as in org.example.RealtimeBroker(5); NameOwnerChanged when the broker ends or is there again',
    grant: 'of GrantAdded and GrantRemoved, the latter without what is true of a living thread only',
    reason: 'of GrantRemoved and ThreadDemoted',
    'process, thread': 'of ThreadDemoted and ThreadRestored',
    'cpu, lateness_usec': 'of Starved',
    changed: 'of PropertiesChanged: the properties that changed, as in thread_count',
    running: 'of NameOwnerChanged: whether there is a broker',
  },
  top: {
    '[]': 'a list: uid, user, process, thread, comm, actual_policy, actual_priority, state as in a grant, and these two, 0 to 1, or null',
    cpu_share: 'of one CPU',
    rttime_share: 'CPU time between two sleeps, of RLIMIT_RTTIME',
  },
  config: {
    '[]': 'a list',
    key: 'as in limits.users_max, or rule.1.user',
    value: 'a number, a word, true or false',
    'file, line': 'where it is written, or null for a default',
  },
  version: { tool: 'version of this tool', daemon: 'version of the broker, or null' },
};

const keyTerms = (keys: Keys): string =>
  [
    '.Bl -tag -width actual_priority -compact',
    ...Object.entries(keys).map(([key, text]) => `.It Va ${word(key)}\n${plain(text)}`),
    '.El',
  ].join('\n');

const environment: readonly (readonly [string, string])[] = [
  ['Ev DBUS_SYSTEM_BUS_ADDRESS', 'the message bus, unless one is named by\n.Fl -bus'],
  ['Ev NO_COLOR', 'if it is set and not empty, there are no colours'],
  ['Ev LC_ALL , LC_CTYPE , LANG', 'whether UTF-8 can be shown'],
];

const exitStatus = `.Bl -tag -width Ds -compact
.It 0
it is done
.It 1
it was refused, or the broker is not well
.It 2
the command line cannot be meant
.It 3
there is no bus, or no broker on it that answers
.El
.Pp
.Ic run
exits with what the program exits with.`;

const examples = `Is all well, and who has what?
.Pp
.Dl rtbroker status
.Pp
Why does PipeWire not run realtime?
.Pp
.Dl rtbroker explain $(pidof -s pipewire)
.Pp
Play with realtime priority 10:
.Pp
.Dl rtbroker run -p 10 -- aplay music.wav
.Pp
All threads of a user that do not run as they were granted:
.Pp
.Dl rtbroker list --user alice --json | jq '.[] | select(.state != \\(dqactive\\(dq)'`;

const seeAlso = `.Xr busctl 1 ,
.Xr org.example.RealtimeBroker 5 ,
.Xr realtime-broker.toml 5 ,
.Xr sched 7 ,
.Xr realtime-brokerd 8`;
