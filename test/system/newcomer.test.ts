import { beforeAll, describe, expect, test } from 'vitest';
import { type Block, blocks, tableUnder, typedUnder } from '../rig/readme.ts';
import { type Line, type Outcome, type Stop, walk } from './walk.ts';

/**
 * A newcomer with a desktop on Debian 13, PipeWire and rtkit, and with README.md. What stands there is typed as it stands, but
 * for these words, which stand for what only the reader knows, and pw-top, which otherwise goes on until somebody presses q.
 */
const meant: readonly (readonly [words: RegExp, meaning: string])[] = [
  [/\bNAME$/, 'bob'],
  [/(?<!\$)\bPID\b(?!=)/, '$PID'],
  [/(?<!\$)\bTID\b/, '$TID'],
  [/^pw-top$/, 'pw-top -b -n 1'],
];

/** Blocks that are not typed here. */
const leftOut: Readonly<Record<string, string>> = {
  'npm run demo': 'brings Debian packages from the network, and is for a machine without the broker',
  'npm test': 'is what runs in CI, and would run this',
};

const walked = new Set<Block>();

type Expected = readonly [typed: RegExp, expected: Omit<Line, 'typed'>];

/** The nth block under a heading, or all of them; what is expected of lines in their order, or else that they succeed. */
function readme(
  who: Stop['who'],
  heading: string,
  nth: number | 'all',
  expected: readonly Expected[] = [],
  before: readonly string[] = [],
): Stop {
  const found = typedUnder(heading).filter((_, index) => nth === 'all' || index === nth);
  if (found.length === 0) throw new Error(`README.md has no block ${nth} under "${heading}"`);
  for (const block of found) walked.add(block);
  return {
    name: `README.md, ${heading}, by ${who}`,
    who,
    lines: [
      ...before.map((typed) => ({ typed })),
      ...lines(
        found.flatMap(({ commands }) => commands),
        expected,
      ),
    ],
  };
}

function lines(commands: readonly string[], expected: readonly Expected[]): readonly Line[] {
  const rest = [...expected];
  const found = commands.map((command) => {
    const typed = meant.reduce((text, [words, meaning]) => text.replace(words, () => meaning), command);
    return { typed, ...(rest[0]?.[0].test(command) ? rest.shift()?.[1] : undefined) };
  });
  if (rest.length > 0) throw new Error(`README.md has nothing like ${rest[0]?.[0]} here`);
  return found;
}

const own = (who: Stop['who'], name: string, ...typed: readonly Line[]): Stop => ({ name, who, lines: typed });

/** The threads of alice's PipeWire that play, as the kernel runs them. */
const loops: Line = {
  typed: 'for dir in $(grep -lsx data-loop.0 /proc/[0-9]*/task/*/comm); do chrt -p $(basename $(dirname $dir)); done',
  until: '(?s)(SCHED_RR.*){3}',
  says: /^(pid \d+'s .*policy: SCHED_RR\|SCHED_RESET_ON_FORK\npid \d+'s .*priority: 20\n){3}$/,
};
const grants: Line = {
  typed:
    'busctl --json=short call org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker ListGrants',
};
const owner = (name: string): Line => ({
  typed: "busctl status org.freedesktop.RealtimeKit1 | sed -n 's/^Comm=//p'",
  says: new RegExp(`^${name}\n$`),
});

const restarted = [
  [
    /^rtbroker list$/,
    { until: '(?s)(data-loop.*){3}', says: /^alice\t\d+\/\d+\tdata-loop\.0\trr 20\trr 20\tactive\t/m },
  ],
] as const;
const pipewire = (): Stop => readme('alice', 'PipeWire and your DAW', 0, restarted);
const good = [[/^rtbroker status$/, { says: /^health: good$/m }]] as const;

/** A command in the table of symptoms, where its symptom is to be seen. */
interface Symptom extends Omit<Line, 'typed'> {
  readonly who: Stop['who'];
  readonly told: string;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

const playing = [
  'PID=$(systemctl --user show --property=MainPID --value pipewire)',
  'TID=$(basename $(dirname $(grep -lsx data-loop.0 /proc/$PID/task/*/comm)))',
];
const playingForRoot = ['TID=$(basename $(dirname $(grep -lsx data-loop.0 /proc/[0-9]*/task/*/comm | head -1)))'];
const wrong = '/etc/realtime-broker/realtime-broker.toml.d/60-wrong.toml';
const configured = (text: string): string => `mkdir -p $(dirname ${wrong}) && printf '${text}' >${wrong}`;

const symptoms: readonly Symptom[] = [
  { who: 'alice', told: 'rtbroker list', says: /\tdata-loop\.0\trr 20\trr 20\tactive\t/ },
  {
    who: 'alice',
    told: 'rtbroker explain PID 20',
    before: playing,
    says: /^It would be granted realtime priority 20\.$/m,
  },
  { who: 'alice', told: 'pw-top', says: /^S .* ERR / },
  { who: 'alice', told: 'pw-metadata -n settings 0 clock.force-quantum 1024', says: /clock\.force-quantum value:1024/ },
  { who: 'alice', told: 'systemctl status realtime-broker', says: /Active: active \(running\)/ },
  { who: 'alice', told: 'chrt -p TID', before: playing, says: /SCHED_RR/ },
  {
    who: 'root',
    told: 'journalctl -u realtime-broker RTBROKER_TID=TID',
    before: playingForRoot,
    says: /Thread \d+ of process \d+ \(uid 4211\) now runs at realtime priority 20\.$/m,
  },
  {
    who: 'root',
    told: 'rtbroker status',
    before: ['systemctl --quiet mask --now polkit', 'runuser -u bob -- rtbroker run true || true'],
    status: 1,
    says: /^polkit-unavailable: polkit does not answer, .*: see whether polkitd runs\.$/m,
    after: ['systemctl --quiet unmask polkit'],
  },
  {
    who: 'root',
    told: 'journalctl -u realtime-broker',
    before: [configured('[limits]\\nrealtime_priority_max = 99\\n'), '! systemctl restart realtime-broker'],
    says: /60-wrong\.toml:2:\d+: limits\.realtime_priority_max must be 1 to 98, not 99$/m,
  },
  {
    who: 'root',
    told: 'realtime-brokerd --check-config',
    status: 1,
    says: /60-wrong\.toml:2:\d+: limits\.realtime_priority_max must be 1 to 98, not 99$/m,
  },
  {
    who: 'root',
    told: 'journalctl -u realtime-broker',
    before: [
      configured('[[rule]]\\nexecutable = "/home/alice/play"\\nrefuse = true\\n'),
      'systemctl restart realtime-broker',
    ],
    says: /60-wrong\.toml:1: there is no "\/home\/alice\/play", and this rule is for nobody until there is$/m,
    after: [`rm ${wrong}`, 'rtbroker reload'],
  },
  { who: 'alice', told: 'pgrep -f realtime-brokerd', says: /^\d+\n$/ },
  { who: 'alice', told: 'systemctl --user restart pipewire wireplumber pipewire-pulse' },
];

/** What stands in that table like a command and is none. */
const words = [
  'active',
  'demoted',
  'executable',
  'limits.rttime_usec_max',
  'node',
  'polkit-unavailable',
  'ps',
  'RTTimeUnset',
  'rttime.policy = "clamp"',
  'taken',
  'top',
];

const stops: readonly Stop[] = [
  own(
    'root',
    'alice is logged in, and PipeWire plays with what rtkit gave it',
    {
      typed:
        'systemd-run --quiet --unit=login --property=User=alice --property=PAMName=login ' +
        '--setenv=XDG_SEAT=seat0 --setenv=XDG_SESSION_TYPE=tty --setenv=XDG_SESSION_CLASS=user sleep infinity',
    },
    { typed: 'systemctl is-active user@4211.service', until: '^active' },
    {
      typed:
        'systemctl --quiet --user --machine=alice@ start pipewire.service wireplumber.service pipewire-pulse.service',
    },
    { ...loops },
    owner('rtkit-daemon'),
  ),
  readme('root', 'As a package', 0, good),
  pipewire(),
  own('root', 'PipeWire is realtime through the broker', loops, grants, owner('node')),
  readme('alice', 'Try it', 'all', [
    [/ttu \$PID 0 10$/, { status: 1, says: /Process \d+ has no hard RLIMIT_RTTIME\. Set its hard limit / }],
    [/^chrt /, { says: /SCHED_RR\|SCHED_RESET_ON_FORK\n.*priority: 10\n/ }],
    [/ ListGrants$/, { says: /"sleep"/ }],
    [/ GetLimits$/, { says: /"RealtimeThreadsMax" u 128 / }],
    [/ \$PID 0 50$/, { status: 1, says: /PriorityAboveLimit: Priority 50 is above the limit of 20\./ }],
  ]),

  own('bob', 'over ssh it is refused', {
    typed: 'rtbroker run -p 10 -- true',
    status: 1,
    says: /^rtbroker: polkit does not allow .*acquire-real-time/,
  }),
  readme('root', 'Who may have it', 'all'),
  own('bob', 'and granted at once to who is in the group, by the example rule', {
    typed: 'rtbroker run -p 10 -- chrt -p 0',
    until: 'SCHED_RR',
  }),

  ...symptoms.map(({ who, told, before = [], after = [], ...line }) =>
    own(
      who,
      `README.md, When something is wrong: ${told}`,
      ...before.map((typed) => ({ typed })),
      ...lines([told], [[/^/, line]]),
      ...after.map((typed) => ({ typed })),
    ),
  ),

  readme(
    'root',
    'For administrators',
    'all',
    [
      [/^rtbroker status$/, { says: /^health: good$/m }],
      [/^rtbroker list --all$/, { says: /^bob\t\d+\tsleep\trr 20\trr 20\tactive\t/m }],
      [/^rtbroker explain \$PID 10$/, { says: /^It would be granted realtime priority 10\.$/m }],
      [/^realtime-brokerd --check-config$/, { says: /^The configuration is good\.$/m }],
      [/^rtbroker explain \$PID 10$/, { status: 1, says: /Priority 10 is above the limit of 5\./ }],
      [/^rtbroker status$/, { says: /^over limit: 1 /m }],
    ],
    [
      'systemd-run --quiet --unit=member --uid=bob --property=LimitRTTIME=200ms sleep 600',
      'PID=$(systemctl show --property=MainPID --value member)',
      'rtbroker grant $PID',
    ],
  ),

  readme('root', 'As a package', 1),
  own('alice', 'restarts PipeWire as she has read', {
    typed: typedUnder('PipeWire and your DAW')[0]?.commands[0] ?? '',
  }),
  own('root', 'rtkit is back', loops, owner('rtkit-daemon')),

  readme('root', 'From the checkout', 0, good),
  own('root', 'nobody had to log out, and nobody watches what rtkit gave', loops, {
    typed: 'rtbroker list',
    says: /^$/,
  }),
  pipewire(),
  own('root', 'PipeWire is realtime through the broker, from /usr/local', loops, grants, owner('node')),
  readme('root', 'From the checkout', 1),
  own(
    'root',
    'rtkit is back once more',
    {
      typed:
        'busctl get-property org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 MaxRealtimePriority',
      says: /^i 20$/m,
    },
    owner('rtkit-daemon'),
  ),
];

let outcomes: readonly (readonly Outcome[])[];
beforeAll(async () => {
  outcomes = await walk(stops);
});

for (const [index, { name, lines }] of stops.entries())
  test(name, () => {
    for (const [nth, { typed, says, status = 0 }] of lines.entries())
      expect({ typed, ...outcomes[index]?.[nth] }).toEqual({
        typed,
        status,
        output: says === undefined ? expect.any(String) : expect.stringMatching(says),
      });
  });

test('who grants is the broker, by its own book', () => {
  const at = stops.flatMap(({ lines }, index) => (lines.includes(grants) ? [index] : []));
  for (const index of at) {
    const [kernel, book] = outcomes[index] ?? [];
    const tids = [...(kernel?.output ?? '').matchAll(/^pid (\d+)'s .*policy/gm)].map(([, tid]) => Number(tid));
    const { data } = JSON.parse(book?.output ?? '');
    expect(tids).toHaveLength(3);
    for (const tid of tids)
      expect(data[0]).toContainEqual(
        expect.objectContaining({ Thread: { type: 'u', data: tid }, Priority: { type: 'i', data: 20 } }),
      );
  }
  expect(at).toHaveLength(2);
});

describe('README.md', () => {
  test('has no block that nobody walked', () => {
    const passed = blocks.filter((block) => !['text', 'toml'].includes(block.language) && !walked.has(block));
    expect(passed.map(({ commands }) => commands.join('\n')).sort()).toEqual(Object.keys(leftOut).sort());
  });

  test('has no command for a symptom that nobody typed', () => {
    const told = tableUnder('When something is wrong').flatMap((row) => [...row.join().matchAll(/`([^`]+)`/g)]);
    expect(new Set(told.map(([, span]) => span))).toEqual(
      new Set([...symptoms.map((symptom) => symptom.told), ...words]),
    );
  });
});
