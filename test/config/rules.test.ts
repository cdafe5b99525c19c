import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { Names, parseIds } from '../../src/config/names.ts';
import { parseConfig } from '../../src/config/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'names-'));
afterAll(() => rmSync(dir, { recursive: true }));
const files = { user: join(dir, 'passwd'), group: join(dir, 'group') };
writeFileSync(files.user, 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n');
writeFileSync(files.group, 'root:x:0:\naudio:x:29:alice\n');

const parse = (text: string) => parseConfig(text, 'f', { names: new Names(files) });

function printed(text: string): readonly string[] {
  try {
    parse(text);
  } catch (fault) {
    if (fault instanceof ConfigError) return fault.message.split('\n');
    throw fault;
  }
  return [];
}

test('a rule is read with all that it can say', () => {
  const { rules } = parse(`
    [[rule]]
    user = "alice"
    group = "audio"
    executable = "/bin/sh"
    unit = "user@1000.service"
    slice = "user-1000.slice"
    user_unit = "app-org.gnome.Foo@1\\\\x2d2.service"
    realtime_priority_max = 31
    nice_level_min = -19
    rttime_usec_max = 150_000
    processes_per_user_max = 33
    realtime_threads_per_user_max = 35
    high_priority_threads_per_user_max = 37
    realtime_threads_per_process_max = 34
    high_priority_threads_per_process_max = 36
    refuse = false
  `);
  expect(rules).toEqual([
    {
      conditions: {
        user: 1000,
        group: 29,
        executable: '/bin/sh',
        unit: 'user@1000.service',
        slice: 'user-1000.slice',
        userUnit: 'app-org.gnome.Foo@1\\x2d2.service',
      },
      limits: {
        realtimePriorityMax: 31,
        niceLevelMin: -19,
        rttimeUsecMax: 150_000n,
        processesPerUserMax: 33,
        realtimeThreadsPerUserMax: 35,
        highPriorityThreadsPerUserMax: 37,
        realtimeThreadsPerProcessMax: 34,
        highPriorityThreadsPerProcessMax: 36,
      },
      refuse: false,
      origin: 'f:2',
    },
  ]);
});

const right: ReadonlyArray<readonly [title: string, text: string, ...conditions: object[]]> = [
  ['a uid', '[[rule]]\nuser = 4294967294\nrefuse = true', { user: 4294967294 }],
  ['root', '[[rule]]\nuser = "root"\nrefuse = true', { user: 0 }],
  ['a gid', '[[rule]]\ngroup = 0\nrefuse = true', { group: 0 }],
  ['several', '[[rule]]\nuser=1\nrefuse=true\n[[rule]]\nuser=2\nrefuse=true', { user: 1 }, { user: 2 }],
  ['inline', 'rule = [{ user = 1, refuse = true }, { user = 2, refuse = true }]', { user: 1 }, { user: 2 }],
  ['a slice of his own', '[[rule]]\nuser_unit = "app.slice"\nrefuse = true', { userUnit: 'app.slice' }],
];
for (const [title, text, ...conditions] of right)
  test(`understands ${title}`, () => expect(parse(text).rules.map((rule) => rule.conditions)).toEqual(conditions));

test('each value says where it stands', () => {
  const { rows } = parse(
    '\n[[rule]]\nuser = "alice"\n[[rule]]\ngroup = 29\nrefuse = true\n# x\nnice_level_min = -1\n'.replace(
      'user = "alice"',
      'user = "alice"\nrefuse = true',
    ),
  );
  const told = rows
    .filter(({ key }) => key.startsWith('rule.'))
    .map(({ key, value, origin }) => [key, value, origin?.line]);
  expect(told).toEqual([
    ['rule.1.user', 'alice', 3],
    ['rule.1.refuse', true, 4],
    ['rule.2.group', 29, 6],
    ['rule.2.nice_level_min', -1, 9],
    ['rule.2.refuse', true, 7],
  ]);
});

const of = (conditions: string, what = 'refuse = true') => `[[rule]]\n${conditions}\n${what}`;
const uid = 'user = 1000';

const wrong: ReadonlyArray<readonly [title: string, text: string, ...printed: string[]]> = [
  ['one table instead of many', '[rule]\nuser = 1', 'f:1:1: there may be many rules: write [[rule]]'],
  ['a rule that is no table', 'rule = [1]', 'f:1:9: a rule is a table: write [[rule]]'],
  [
    'a rule for everybody',
    '\n[[rule]]\nrefuse = true',
    'f:2:1: this rule is for nobody in particular: say for whom, by user, group, executable, unit, slice or user_unit; what is for everybody stands in [limits]',
  ],
  ['a rule that says nothing', of(uid, ''), 'f:1:1: this rule says nothing: give it a limit, or refuse = true'],
  ['an unknown key', of(uid, 'foo = 1\nrefuse = true'), 'f:3:1: rule.foo is not a setting'],
  [
    'a slip of the finger',
    of('usr = 1000'),
    'f:2:1: rule.usr is not a setting; did you mean rule.user?',
    'f:1:1: this rule is for nobody in particular: say for whom, by user, group, executable, unit, slice or user_unit; what is for everybody stands in [limits]',
  ],
  [
    "a limit that is nobody's own",
    of(uid, 'users_max = 1\nrefuse = true'),
    'f:3:1: rule.users_max is not a setting: users are counted on the whole machine, in [limits]',
  ],
  ['a uid in quotes', of('user = "1000"'), 'f:2:8: rule.user must be his name in /etc/passwd, or his uid, not "1000"'],
  ['a uid that is none', of('user = -1'), 'f:2:8: rule.user must be his name in /etc/passwd, or his uid, not -1'],
  [
    'the uid that means nobody',
    of('user = 4294967295'),
    'f:2:8: rule.user must be his name in /etc/passwd, or his uid, not 4294967295',
  ],
  [
    'a list of groups',
    of('group = ["audio"]'),
    'f:2:9: rule.group must be its name in /etc/group, or its gid, not ["audio"]',
  ],
  [
    'a program by its mere name',
    of('executable = "pipewire"'),
    'f:2:14: rule.executable must be the absolute path of the process\'s program, not "pipewire"',
  ],
  [
    'a folder',
    of('executable = "/usr/bin/"'),
    'f:2:14: rule.executable must be the absolute path of the process\'s program, not "/usr/bin/"',
  ],
  [
    'a path with a NUL',
    of('executable = "/usr\\u0000"'),
    'f:2:14: rule.executable must be the absolute path of the process\'s program, not "/usr\\u0000"',
  ],
  [
    'a unit without its ending',
    of('unit = "mpd"'),
    'f:2:8: rule.unit must be a unit of the system\'s manager, as in "mpd.service", not "mpd"',
  ],
  [
    'a slice as a unit',
    of('unit = "user.slice"'),
    'f:2:8: rule.unit must be a unit of the system\'s manager, as in "mpd.service", not "user.slice"',
  ],
  [
    'a unit with a path',
    of('user_unit = "a/b.service"'),
    'f:2:13: rule.user_unit must be a unit or slice of the user\'s own manager, as in "pipewire.service", not "a/b.service"',
  ],
  [
    'a limit out of its range',
    of(uid, 'realtime_priority_max = 99'),
    'f:3:25: rule.realtime_priority_max must be 1 to 98, not 99',
  ],
  ['a refusal that is no boolean', of(uid, 'refuse = 1'), 'f:3:10: rule.refuse must be true or false, not 1'],
  [
    'the second of two rules',
    `${of(uid)}\n${of('user = 1.5')}`,
    'f:5:8: rule.user must be his name in /etc/passwd, or his uid, not 1.5',
  ],
  [
    'a process above its user',
    of(uid, 'realtime_threads_per_user_max = 2\nrealtime_threads_per_process_max = 3'),
    'f:4:36: rule.realtime_threads_per_process_max is 3, above rule.realtime_threads_per_user_max, which is 2; lower it, or raise that',
  ],
  [
    'a process above every user',
    of(uid, 'realtime_threads_per_process_max = 129'),
    'f:3:36: rule.realtime_threads_per_process_max is 129, above every realtime_threads_per_user_max, which is at most 128; lower it, or raise that',
  ],
  [
    "a priority at the watchdog's",
    `canary.watchdog_priority = 50\n${of(uid, 'realtime_priority_max = 50')}`,
    'f:4:25: rule.realtime_priority_max is 50 and must be below canary.watchdog_priority, which is 50 (f:1)',
  ],
];
for (const [title, text, ...expected] of wrong)
  test(`tells of ${title}`, () => expect(printed(text)).toEqual([...expected].sort(byPlace)));

const byPlace = (a: string, b: string) => Number(a.split(':')[1]) - Number(b.split(':')[1]);

test('a process may have what only another rule gives its user', () => {
  const other = of('user = 7', 'realtime_threads_per_user_max = 200');
  expect(printed(`${other}\n${of(uid, 'realtime_threads_per_process_max = 150')}`)).toEqual([]);
});

describe('who can be looked like', () => {
  const program = 'executable = "/bin/sh"';
  const ownUnit = 'user_unit = "a.service"';
  const but = (by: string) =>
    `; a rule by ${by} alone may only take, since users can make their processes look like that: name a user or a group as well`;
  const table: ReadonlyArray<readonly [title: string, text: string, problem?: string]> = [
    ['may be given less', of(program, 'realtime_priority_max = 19\nnice_level_min = -14')],
    ['may be given as much', of(program, 'realtime_priority_max = 20\nnice_level_min = -15')],
    [
      'may not be given more',
      of(program, 'realtime_priority_max = 21'),
      `f:3:25: rule.realtime_priority_max is 21, above the 20 that limits.realtime_priority_max gives${but('executable')}`,
    ],
    [
      'may not be given a lower nice level',
      of(ownUnit, 'nice_level_min = -16'),
      `f:3:18: rule.nice_level_min is -16, below the -15 that limits.nice_level_min gives${but('user_unit')}`,
    ],
    [
      'may not be given more for being both',
      of(`${program}\n${ownUnit}`, 'rttime_usec_max = 200001'),
      `f:4:19: rule.rttime_usec_max is 200001, above the 200000 that limits.rttime_usec_max gives${but('executable and user_unit')}`,
    ],
    ['may be given more with a user', of(`${program}\n${uid}`, 'realtime_priority_max = 21')],
    ['may be given more with a group', of(`${program}\ngroup = "audio"`, 'realtime_priority_max = 21')],
    [
      'may be given more with a unit that root starts',
      of(`${program}\nunit = "a.service"`, 'realtime_priority_max = 21'),
    ],
    [
      'may not be given more than [limits] say there',
      `limits.realtime_priority_max = 5\n${of(program, 'realtime_priority_max = 6')}`,
      `f:4:25: rule.realtime_priority_max is 6, above the 5 that limits.realtime_priority_max gives${but('executable')}`,
    ],
    [
      'may not have back what a rule before took',
      `${of(uid, 'realtime_priority_max = 5')}\n${of(program, 'realtime_priority_max = 6')}`,
      `f:6:25: rule.realtime_priority_max is 6, above the 5 that the rule at f:1 gives${but('executable')}`,
    ],
    [
      'may have less than a rule before gave',
      `${of(uid, 'realtime_priority_max = 50')}\n${of(program, 'realtime_priority_max = 6')}`,
    ],
    [
      'may have more than one that looks otherwise',
      `${of('executable = "/bin/cat"', 'realtime_priority_max = 5')}\n${of(program, 'realtime_priority_max = 6')}`,
    ],
    [
      'may not have more than one that can look so, too',
      `${of(ownUnit, 'realtime_priority_max = 5')}\n${of(program, 'realtime_priority_max = 6')}`,
      `f:6:25: rule.realtime_priority_max is 6, above the 5 that the rule at f:1 gives${but('executable')}`,
    ],
    [
      'may be in several slices',
      `${of('user_unit = "a.slice"', 'realtime_priority_max = 5')}\n${of(ownUnit, 'realtime_priority_max = 6')}`,
      `f:6:25: rule.realtime_priority_max is 6, above the 5 that the rule at f:1 gives${but('user_unit')}`,
    ],
    ['may be refused', of(program)],
    [
      'may not be let in where a rule refuses',
      `${of('group = 29')}\n${of(program, 'refuse = false')}`,
      `f:6:10: rule.refuse is false, where the rule at f:1 refuses${but('executable')}`,
    ],
  ];
  for (const [title, text, problem] of table)
    test(title, () => expect(printed(text)).toEqual(problem === undefined ? [] : [problem]));
});

describe('a name', () => {
  test('that nobody has makes a rule for nobody, and a warning', () => {
    const { rules, warnings } = parse(`${of('user = "mallory"')}\n${of('group = "jack"')}\n${of(uid)}`);
    expect(rules.map(({ origin }) => origin)).toEqual(['f:7']);
    expect(warnings).toEqual([
      'f:1: there is no user "mallory" in /etc/passwd, and this rule is for nobody; one who is known elsewhere must be given by number',
      'f:4: there is no group "jack" in /etc/group, and this rule is for nobody; one who is known elsewhere must be given by number',
    ]);
  });

  test('is looked for in the file, of which the first line counts', () => {
    const text = '#x:x:1:\n+nis::2:\na:x:3:\nb:*:4\nc:x:5x:\nd:x:4294967295:\na:x:6:\n:x:7:\nWITH$:x:8:8:,:/:\n';
    expect([...parseIds(text)]).toEqual([
      ['a', 3],
      ['b', 4],
      ['WITH$', 8],
    ]);
  });

  test('is unknown where there is no file', () => {
    expect(new Names({ user: join(dir, 'none'), group: dir }).id('user', 'root')).toBeUndefined();
  });
});

test('what will not do what it seems to is a warning', () => {
  const { warnings } = parse(`${of('executable = "/usr/bin/none"')}\n${of(uid, 'rttime_usec_max = 50_000')}`);
  expect(warnings).toEqual([
    "f:4: rttime_usec_max is 50000, but RealtimeKit1's clients set 200000 us, as limits.rttime_usec_max says: this rule refuses them",
    'f:1: there is no "/usr/bin/none", and this rule is for nobody until there is',
  ]);
});
