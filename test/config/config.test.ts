import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/error.ts';
import { parseConfig, type Settings } from '../../src/config/settings.ts';
import { defaultCanary } from '../../src/core/canary.ts';
import { defaultBurst, defaultLimits } from '../../src/core/limits.ts';

const parse = (text: string) => parseConfig(text, 'f');

/** FILE:LINE of a key, or 'default'. */
function originOf({ rows }: Settings, key: string): string {
  const origin = rows.find((row) => row.key === key)?.origin;
  return origin === undefined ? 'default' : `${origin.file}:${origin.line}`;
}

/** What --check-config would print. */
function printed(text: string): readonly string[] {
  try {
    parse(text);
  } catch (fault) {
    if (fault instanceof ConfigError) return fault.message.split('\n');
    throw fault;
  }
  return [];
}

test('an empty file means the defaults', () => {
  const { rows, ...settings } = parse('');
  expect(settings).toEqual({
    limits: defaultLimits,
    burst: defaultBurst,
    canary: defaultCanary,
    polkitTimeoutMsec: 5000,
    polkitRememberMsec: 2000,
    reassertDrifted: false,
    realtime: true,
    realtimekit1: true,
    logLevel: 'info',
    rules: [],
    files: ['f'],
    warnings: [],
  });
  expect(rows.filter(({ origin }) => origin !== undefined)).toEqual([]);
});

test('every key reaches its setting', () => {
  const settings = parse(`
    [limits]
    realtime_priority_max = 41
    nice_level_min = -12
    rttime_usec_max = 150_000
    processes_per_user_max = 43
    realtime_threads_per_user_max = 44
    high_priority_threads_per_user_max = 45
    realtime_threads_per_process_max = 42
    high_priority_threads_per_process_max = 40
    users_max = 46
    [burst]
    process_requests = 51
    process_refill_per_sec = 52
    user_requests = 53
    user_refill_per_sec = 54
    [rttime]
    policy = "require"
    [polkit]
    timeout_msec = 1500
    remember_msec = 1600
    [canary]
    watchdog_priority = 61
    patience_msec = 62
    sluggish_msec = 61
    sluggish_window_msec = 640
    grace_msec = 65
    blame_share = 0.66
    nice_window_msec = 670
    demote_unknown = true
    cooldown_sec = 68
    [drift]
    reassert = true
    [bus]
    realtimekit1 = false
    [log]
    level = "warning"
    [daemon]
    realtime = false
  `);
  expect(settings).toMatchObject({
    limits: {
      realtimePriorityMax: 41,
      niceLevelMin: -12,
      rttimeUsecMax: 150_000n,
      rttimePolicy: 'require',
      processesPerUserMax: 43,
      realtimeThreadsPerUserMax: 44,
      highPriorityThreadsPerUserMax: 45,
      realtimeThreadsPerProcessMax: 42,
      highPriorityThreadsPerProcessMax: 40,
      usersMax: 46,
    },
    burst: { processRequests: 51, processRefillPerSec: 52, userRequests: 53, userRefillPerSec: 54 },
    canary: {
      watchdogPriority: 61,
      patienceMsec: 62,
      sluggishMsec: 61,
      sluggishWindowMsec: 640,
      graceMsec: 65,
      blameShare: 0.66,
      niceWindowMsec: 670,
      demoteUnknown: true,
      cooldownSec: 68,
    },
    polkitTimeoutMsec: 1500,
    polkitRememberMsec: 1600,
    reassertDrifted: true,
    realtime: false,
    realtimekit1: false,
    logLevel: 'warning',
  });
  expect(settings.rows.filter(({ origin }) => origin === undefined)).toEqual([]);
  expect(originOf(settings, 'limits.realtime_priority_max')).toBe('f:3');
  expect(originOf(settings, 'log.level')).toBe('f:37');
});

const wrong: ReadonlyArray<readonly [title: string, text: string, ...printed: string[]]> = [
  [
    'a syntax error, with its place',
    '[limits]\nusers_max = 1 2',
    'f:2:15: not TOML: each key-value declaration must be followed by an end-of-line',
  ],
  [
    'a table given twice',
    '[limits]\n[burst]\n[limits]',
    'f:3:2: not TOML: trying to redefine an already defined table or value',
  ],
  [
    'a key given twice',
    '[log]\nlevel = "info"\nlevel = "info"',
    'f:3:1: not TOML: trying to redefine an already defined table or value',
  ],
  [
    'arrays without end',
    `a = ${'['.repeat(100_000)}`,
    'f:1:21: not TOML: document contains excessively nested structures. aborting.',
  ],

  ['an unknown key', '[limits]\n\nfoo = 1', 'f:3:1: limits.foo is not a setting'],
  [
    'a slip of the finger',
    '[limits]\nuser_max = 1',
    'f:2:1: limits.user_max is not a setting; did you mean limits.users_max?',
  ],
  [
    'camelCase',
    '[limits]\nrealtimePriorityMax = 1',
    'f:2:1: limits.realtimePriorityMax is not a setting; did you mean limits.realtime_priority_max?',
  ],
  [
    'kebab-case',
    '[polkit]\ntimeout-msec = 1',
    'f:2:1: polkit.timeout-msec is not a setting; did you mean polkit.timeout_msec?',
  ],
  [
    'a key in the wrong table',
    '[burst]\nusers_max = 1',
    'f:2:1: burst.users_max is not a setting; did you mean limits.users_max?',
  ],
  ['a key in no table', 'users_max = 1', 'f:1:1: users_max is not a setting; did you mean limits.users_max?'],
  ['a whole dotted name in quotes', '"limits.users_max" = 1', 'f:1:1: "limits.users_max" is not a setting'],
  [
    'an unknown table, once',
    '[limit]\nusers_max = 1\nfoo = 2',
    'f:1:1: there is no table [limit]; did you mean [limits]?',
  ],
  ['an unknown inline table', 'x = { y = 1 }', 'f:1:1: there is no table [x]'],
  ['a table below a table', '[limits.audio]\nusers_max = 1', 'f:1:1: limits.audio is not a setting'],
  ['a value for a table', 'limits = 5', 'f:1:10: limits is a table: write [limits]'],
  ['an array of tables', '[[limits]]\nusers_max = 1', 'f:1:1: limits is a table: write [limits]'],
  [
    'names every object has',
    '__proto__ = 1\nconstructor.x = 1\n[limits]\n__proto__ = 2\ntoString = 3',
    'f:1:1: __proto__ is not a setting',
    'f:2:1: there is no table [constructor]',
    'f:4:1: limits.__proto__ is not a setting',
    'f:5:1: limits.toString is not a setting',
  ],
  [
    'a key with an escape for the terminal',
    '[limits]\n"a\\u001b[31m\\n\\"b" = 1',
    'f:2:1: limits."a\\u{1b}[31m\\u{a}\\"b" is not a setting',
  ],
  ['a key without a name', '"" = 1', 'f:1:1: "" is not a setting'],

  [
    'a string for a number',
    'limits.users_max = "20"',
    'f:1:20: limits.users_max must be 1 to 65536 users, not the string "20"',
  ],
  [
    'a float that is whole',
    'limits.users_max = 20.0 # why not',
    'f:1:20: limits.users_max must be 1 to 65536 users, not the float 20.0',
  ],
  [
    'not a number at all',
    'limits.users_max = nan',
    'f:1:20: limits.users_max must be 1 to 65536 users, not the float nan',
  ],
  ['infinity', 'limits.users_max = +inf', 'f:1:20: limits.users_max must be 1 to 65536 users, not the float +inf'],
  [
    'a date',
    '[limits]\nusers_max = 1979-05-27 07:32:00 # x',
    'f:2:13: limits.users_max must be 1 to 65536 users, not the date 1979-05-27 07:32:00',
  ],
  ['a time', 'limits.users_max = 07:32:00', 'f:1:20: limits.users_max must be 1 to 65536 users, not the date 07:32:00'],
  [
    'a truth for a number',
    'limits.users_max = true',
    'f:1:20: limits.users_max must be 1 to 65536 users, not the boolean true',
  ],
  ['an array', 'limits.users_max = [\n1, # ]\n2]', 'f:1:20: limits.users_max must be 1 to 65536 users, not an array'],
  [
    'a table for a number',
    '[limits.users_max]\nx = 1',
    'f:1:1: limits.users_max must be 1 to 65536 users, not a table',
  ],
  [
    'a dotted table for a number',
    '[limits]\nusers_max.x = 1',
    'f:2:15: limits.users_max must be 1 to 65536 users, not a table',
  ],
  [
    'a word for a truth',
    '[bus]\nrealtimekit1 = "yes"',
    'f:2:16: bus.realtimekit1 must be true or false, not the string "yes"',
  ],
  [
    'a number for a truth',
    'bus = { realtimekit1 = 0 }',
    'f:1:24: bus.realtimekit1 must be true or false, not the integer 0',
  ],
  [
    'a number for a word',
    '[log]\nlevel = 3',
    'f:2:9: log.level must be "debug", "info", "warning" or "error", not the integer 3',
  ],
  ['another word', "log.level = 'loud'", `f:1:13: log.level must be "debug", "info", "warning" or "error", not 'loud'`],
  [
    'nearly a word',
    'log.level = "warnin"',
    'f:1:13: log.level must be "debug", "info", "warning" or "error", not "warnin"; did you mean "warning"?',
  ],
  [
    'what every string has',
    'log.level = "constructor"',
    'f:1:13: log.level must be "debug", "info", "warning" or "error", not "constructor"',
  ],
  [
    'a value of many lines',
    'log.level = """\nx\n"""',
    'f:1:13: log.level must be "debug", "info", "warning" or "error", not """\\u{a}x\\u{a}"""',
  ],

  [
    'more than the range',
    '[limits]\n  realtime_priority_max = 99',
    'f:2:27: limits.realtime_priority_max must be 1 to 98, not 99',
  ],
  ['less than the range', '[limits]\nnice_level_min = -21', 'f:2:18: limits.nice_level_min must be -20 to -1, not -21'],
  [
    'a limit the kernel kills under',
    '[limits]\nrttime_usec_max = 9_999',
    'f:2:19: limits.rttime_usec_max must be 10000 to 60000000 us, not 9_999',
  ],
  [
    '2^53 + 1',
    'limits.users_max = 9007199254740993',
    'f:1:20: limits.users_max must be 1 to 65536 users, not 9007199254740993',
  ],
  [
    '2^64 + 1, which wraps into range',
    'limits.users_max = 18446744073709551617',
    'f:1:20: limits.users_max must be 1 to 65536 users, not 18446744073709551617',
  ],
  [
    'a thousand digits',
    `limits.users_max = ${'9'.repeat(1000)}`,
    `f:1:20: limits.users_max must be 1 to 65536 users, not ${'9'.repeat(40)}...`,
  ],

  [
    'a process above its user',
    '[limits]\nrealtime_threads_per_process_max = 9\nrealtime_threads_per_user_max = 8',
    'f:2:36: limits.realtime_threads_per_process_max is 9, above limits.realtime_threads_per_user_max, which is 8 (f:3); lower it, or raise that',
  ],
  [
    "a process above the user's default",
    '[limits]\nhigh_priority_threads_per_process_max = 513',
    'f:2:41: limits.high_priority_threads_per_process_max is 513, above limits.high_priority_threads_per_user_max, which is 512; lower it, or raise that',
  ],
  [
    'nothing about a user whose limit is wrong itself',
    '[limits]\nrealtime_threads_per_process_max = 200\nrealtime_threads_per_user_max = -1',
    'f:3:33: limits.realtime_threads_per_user_max must be 0 to 65536 threads, not -1',
  ],

  [
    'everything at once, in the order of the file',
    '[log]\nlevel = 1\n[limits]\nfoo = 1\nusers_max = 0\n[bar]',
    'f:2:9: log.level must be "debug", "info", "warning" or "error", not the integer 1',
    'f:4:1: limits.foo is not a setting',
    'f:5:13: limits.users_max must be 1 to 65536 users, not 0',
    'f:6:1: there is no table [bar]',
  ],
];

for (const [title, text, ...expected] of wrong)
  test(`tells of ${title}`, () => expect(printed(text)).toEqual(expected));

const right: ReadonlyArray<readonly [title: string, text: string, usersMax: number, line: number]> = [
  ['a table', '\n[limits]\nusers_max = 7', 7, 3],
  ['spaces and comments', '[ limits ] # [burst]\n# users_max = 6\n  users_max\t=  7 # 8', 7, 3],
  ['a dotted key', 'limits.users_max = 7', 7, 1],
  ['a dotted key with spaces and quotes', '\n"limits" . \'users_max\' = 7', 7, 2],
  ['a quoted key with an escape', '[limits]\n"users\\u005fmax" = 7', 7, 2],
  ['an inline table', 'limits = { nice_level_min = -1, users_max = 7 }', 7, 1],
  ['an inline table over lines', 'limits = {\n  nice_level_min = -1,\n  users_max = 7,\n}', 7, 3],
  ['hexadecimal', 'limits.users_max = 0xff', 255, 1],
  ['carriage returns', '[limits]\r\n\r\nusers_max = 7\r\n', 7, 3],
  ['a byte order mark', '\ufefflimits.users_max = 7', 7, 1],
  ['the upper end', 'limits.users_max = 65_536', 65_536, 1],
  ['the lower end', 'limits.users_max = +1', 1, 1],
];

for (const [title, text, usersMax, line] of right) {
  test(`understands ${title}`, () => {
    const settings = parse(text);
    expect(settings.limits.usersMax).toBe(usersMax);
    expect(originOf(settings, 'limits.users_max')).toBe(`f:${line}`);
  });
}

test("what a process may have falls with its user's, and says whose line that was", () => {
  const settings = parse('[limits]\nrealtime_threads_per_user_max = 5');
  const { limits } = settings;
  expect(limits.realtimeThreadsPerProcessMax).toBe(5);
  expect(originOf(settings, 'limits.realtime_threads_per_process_max')).toBe('f:2');
  expect(limits.highPriorityThreadsPerProcessMax).toBe(defaultLimits.highPriorityThreadsPerProcessMax);
});

test("what a process may have does not rise with its user's", () => {
  const { limits } = parse('limits.realtime_threads_per_user_max = 500');
  expect(limits.realtimeThreadsPerProcessMax).toBe(defaultLimits.realtimeThreadsPerProcessMax);
});

test("what RealtimeKit1's clients will not cope with is a warning, and none where they are not served", () => {
  const text = 'limits = { realtime_priority_max = 9, rttime_usec_max = 99_999, nice_level_min = -10 }';
  expect(parse(text).warnings).toEqual([
    'limits.realtime_priority_max is 9, but should be at least 10 for RealtimeKit1: Firefox asks for priority 10 whatever the limit is',
    'limits.nice_level_min is -10, but should be at most -11 for RealtimeKit1: PipeWire and PulseAudio ask for nice -11',
    'limits.rttime_usec_max is 99999, but should be at least 100000 us for RealtimeKit1: some clients refuse to work with less',
  ]);
  expect(parse(`${text}\nbus.realtimekit1 = false`).warnings).toEqual([]);
  const enough = 'limits = { realtime_priority_max = 10, rttime_usec_max = 100_000, nice_level_min = -11 }';
  expect(parse(enough).warnings).toEqual([]);
});

test('a file of nothing but mistakes is told of in a hundred lines', () => {
  const lines = printed(Array.from({ length: 50_000 }, (_, index) => `users_ma${index} = 1`).join('\n'));
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('and 49900 more problems');
});

test('a text of more than a MiB is not looked at', () => {
  expect(printed('#'.repeat(1024 * 1024 + 1))).toEqual(['f: longer than 1048576 bytes']);
  expect(printed('#'.repeat(1024 * 1024))).toEqual([]);
});

test('the watchdog must be above what is granted', () => {
  expect(printed('[canary]\nwatchdog_priority = 20')).toEqual([
    'f:2:21: canary.watchdog_priority is 20 and must be above limits.realtime_priority_max, which is 20',
  ]);
  expect(printed('[limits]\nrealtime_priority_max = 98')).toEqual([]);
});

test('a share is a number from its least to its most', () => {
  expect(parse('[canary]\nblame_share = 1').canary.blameShare).toBe(1);
  expect(printed('[canary]\nblame_share = 1.1')).toEqual(['f:2:15: canary.blame_share must be 0.1 to 1, not 1.1']);
  expect(printed('[canary]\nblame_share = nan')[0]).toContain('must be 0.1 to 1, not nan');
  expect(printed('[canary]\nblame_share = "half"')[0]).toContain('must be 0.1 to 1, not the string "half"');
});

const canaries: ReadonlyArray<readonly [title: string, text: string, problem?: string]> = [
  ['sluggishness may be as long as patience', 'sluggish_msec = 300'],
  [
    'sluggishness comes before silence',
    'sluggish_msec = 301',
    'f:2:17: canary.sluggish_msec is 301 and must not be above canary.patience_msec, which is 300',
  ],
  [
    'who is less patient is told of the one that is set',
    'patience_msec = 50\nsluggish_msec = 60',
    'f:3:17: canary.sluggish_msec is 60 and must not be above canary.patience_msec, which is 50 (f:2)',
  ],
  [
    'sluggishness is judged over more than patience',
    'sluggish_window_msec = 200',
    'f:2:24: canary.sluggish_window_msec is 200 and must not be below canary.patience_msec, which is 300',
  ],
];
for (const [title, text, problem] of canaries)
  test(title, () => expect(printed(`[canary]\n${text}`)).toEqual(problem === undefined ? [] : [problem]));
