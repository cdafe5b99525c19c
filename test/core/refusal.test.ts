import { expect, test } from 'vitest';
import { allKeys } from '../../src/config/keys.ts';
import { because, type Reason, type Refusal } from '../../src/core/refusal.ts';

type Row = readonly [refusal: Refusal, sentence: string, remedy: string];

const table: Readonly<Record<Reason, readonly Row[]>> = {
  'not-authorized': [
    [
      { reason: 'not-authorized', action: 'org.example.RealtimeBroker.acquire-real-time', pid: 500, uid: 1000 },
      'polkit does not allow org.example.RealtimeBroker.acquire-real-time to process 500 of uid 1000.',
      'Ask from an active local session, or add a polkit rule for org.example.RealtimeBroker.acquire-real-time.',
    ],
  ],
  'authentication-required': [
    [
      { reason: 'authentication-required', action: 'org.example.RealtimeBroker.manage', pid: 500, uid: 1000 },
      'polkit wants a password before it allows org.example.RealtimeBroker.manage to process 500 of uid 1000.',
      'Allow interactive authorization where an agent can ask for it, ask as root, or add a polkit rule for org.example.RealtimeBroker.manage.',
    ],
  ],
  'authority-unavailable': [
    [
      { reason: 'authority-unavailable', why: 'it did not answer within 5000 ms' },
      'polkit could not be asked: it did not answer within 5000 ms.',
      'Check that polkitd runs, then ask again.',
    ],
  ],
  'not-your-process': [
    [
      { reason: 'not-your-process', pid: 500, uids: [1001, 1001, 1001, 1001], caller: 1000 },
      "Process 500 belongs to uid 1001, not to the caller's uid 1000.",
      'Ask as the user who owns the process.',
    ],
    [
      { reason: 'not-your-process', pid: 500, uids: [1000, 0, 0, 0], caller: 1000 },
      "Process 500 belongs to uid 1000/0, not to the caller's uid 1000.",
      'Ask as the user who owns the process.',
    ],
  ],
  'no-such-thread': [
    [
      { reason: 'no-such-thread', what: 'Process 500 has no thread 501' },
      'Process 500 has no thread 501.',
      'Pass the kernel id of a living thread (gettid), and its own process.',
    ],
  ],
  'invalid-priority': [
    [
      { reason: 'invalid-priority', kind: 'realtime', value: 100 },
      '100 is no realtime priority: it must be 1 to 99.',
      'Ask within the range.',
    ],
    [
      { reason: 'invalid-priority', kind: 'high-priority', value: -21 },
      '-21 is no nice level: it must be -20 to 19.',
      'Ask within the range.',
    ],
  ],
  'refused-by-rule': [
    [
      { reason: 'refused-by-rule', pid: 500, rule: '/etc/f.toml:12' },
      'The rule at /etc/f.toml:12 refuses process 500 everything.',
      'Change that rule, or say refuse = false in one after it, and reload.',
    ],
  ],
  'priority-above-limit': [
    [
      { reason: 'priority-above-limit', priority: 8, max: 5, rule: '/etc/f.toml:12' },
      'Priority 8 is above the limit of 5.',
      'Ask for at most 5, or raise realtime_priority_max of the rule at /etc/f.toml:12.',
    ],
    [
      { reason: 'priority-above-limit', priority: 88, max: 20 },
      'Priority 88 is above the limit of 20.',
      'Ask for at most 20, or raise limits.realtime_priority_max.',
    ],
  ],
  'nice-below-limit': [
    [
      { reason: 'nice-below-limit', nice: -11, min: -5, rule: 'f:1' },
      'Nice level -11 is below the limit of -5.',
      'Ask for at least -5, or lower nice_level_min of the rule at f:1.',
    ],
    [
      { reason: 'nice-below-limit', nice: -19, min: -15 },
      'Nice level -19 is below the limit of -15.',
      'Ask for at least -15, or lower limits.nice_level_min.',
    ],
  ],
  'rttime-unset': [
    [
      { reason: 'rttime-unset', pid: 500, maxUsec: 200_000n },
      'Process 500 has no hard RLIMIT_RTTIME.',
      'Set its hard limit to at most 200000 us with setrlimit before asking.',
    ],
  ],
  'rttime-above-limit': [
    [
      { reason: 'rttime-above-limit', pid: 500, usec: 100_000n, maxUsec: 50_000n, rule: 'f:1' },
      'Process 500 has a hard RLIMIT_RTTIME of 100000 us, above the limit of 50000 us.',
      'Lower it to at most 50000 us with setrlimit, or raise rttime_usec_max of the rule at f:1.',
    ],
    [
      { reason: 'rttime-above-limit', pid: 500, usec: 200_001n, maxUsec: 200_000n },
      'Process 500 has a hard RLIMIT_RTTIME of 200001 us, above the limit of 200000 us.',
      'Lower it to at most 200000 us with setrlimit, or raise limits.rttime_usec_max.',
    ],
  ],
  'rttime-too-low': [
    [
      { reason: 'rttime-too-low', pid: 500, usec: 0n, minUsec: 10_000n },
      'Process 500 has a hard RLIMIT_RTTIME of 0 us; below 10000 us the kernel would kill it at once.',
      'Set its hard limit to at least 10000 us with setrlimit before asking.',
    ],
  ],
  'thread-limit': [
    [
      { reason: 'thread-limit', kind: 'realtime', of: 'user', max: 2, rule: 'f:1' },
      'This user already has all 2 realtime threads it may have.',
      'End some, or raise realtime_threads_per_user_max of the rule at f:1.',
    ],
    [
      { reason: 'thread-limit', kind: 'realtime', of: 'user', max: 128 },
      'This user already has all 128 realtime threads it may have.',
      'End some, or raise limits.realtime_threads_per_user_max.',
    ],
    [
      { reason: 'thread-limit', kind: 'realtime', of: 'process', max: 4 },
      'This process already has all 4 realtime threads it may have.',
      'End some, or raise limits.realtime_threads_per_process_max.',
    ],
    [
      { reason: 'thread-limit', kind: 'high-priority', of: 'user', max: 512 },
      'This user already has all 512 high-priority threads it may have.',
      'End some, or raise limits.high_priority_threads_per_user_max.',
    ],
    [
      { reason: 'thread-limit', kind: 'high-priority', of: 'process', max: 5 },
      'This process already has all 5 high-priority threads it may have.',
      'End some, or raise limits.high_priority_threads_per_process_max.',
    ],
  ],
  'process-limit': [
    [
      { reason: 'process-limit', max: 2, rule: 'f:1' },
      'This user already has granted threads in all 2 processes allowed.',
      'End some, or raise processes_per_user_max of the rule at f:1.',
    ],
    [
      { reason: 'process-limit', max: 64 },
      'This user already has granted threads in all 64 processes allowed.',
      'End some, or raise limits.processes_per_user_max.',
    ],
  ],
  'user-limit': [
    [
      { reason: 'user-limit', max: 2048 },
      'Threads of all 2048 users allowed are granted already.',
      'Raise limits.users_max.',
    ],
  ],
  burst: [
    [
      { reason: 'burst', of: 'process', retryMsec: 250 },
      'This process asks too often.',
      'Ask again in 0.3 s, or raise burst.process_requests.',
    ],
    [
      { reason: 'burst', of: 'user', retryMsec: 10_000 },
      'This user asks too often.',
      'Ask again in 10.0 s, or raise burst.user_requests.',
    ],
  ],
  'cooling-down': [
    [
      { reason: 'cooling-down', pid: 500, retryMsec: 12_340 },
      'A thread of process 500 kept ordinary threads from running, and the process cools down.',
      'It gets back what it had in 12.4 s; ask again then, and let realtime threads sleep.',
    ],
  ],
  suspended: [
    [
      { reason: 'suspended' },
      'Root has suspended all grants.',
      'Ask again when root has called Resume: busctl call org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 Resume.',
    ],
  ],
  'root-only': [
    [
      { reason: 'root-only', member: 'ResetAll', caller: 1000 },
      'ResetAll is for root, and uid 1000 called it.',
      'Call it as root.',
    ],
  ],
  'invalid-configuration': [
    [
      { reason: 'invalid-configuration', problems: 'f:3:1: limits.foo is not a setting' },
      'The configuration is not good, and what is in force stays: f:3:1: limits.foo is not a setting.',
      'Correct it, look it over with realtime-brokerd --check-config, and reload again.',
    ],
  ],
  'kernel-refused': [
    [
      { reason: 'kernel-refused', call: 'sched_setattr', errno: 'EPERM', cause: 'The cgroup has no realtime budget.' },
      'The kernel refused sched_setattr with EPERM.',
      'The cgroup has no realtime budget.',
    ],
  ],
};

const rows = Object.values(table).flat();

for (const [refusal, sentence, remedy] of rows) {
  test(`says what was found and what to do: ${sentence}`, () => expect(because(refusal)).toEqual({ sentence, remedy }));
}

test('every sentence and every remedy is one or more whole sentences on one line', () => {
  for (const [refusal] of rows) {
    const { sentence, remedy } = because(refusal);
    expect(sentence).toMatch(/^[A-Z0-9-].*\.$|^polkit .*\.$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  }
});

test('every number of a refusal is named', () => {
  for (const [refusal] of rows) {
    const { sentence, remedy } = because(refusal);
    for (const [name, value] of Object.entries(refusal)) {
      if ((typeof value !== 'number' && typeof value !== 'bigint') || name === 'retryMsec') continue;
      expect(`${sentence} ${remedy}`, `${refusal.reason}: ${name}`).toMatch(new RegExp(`(?<![\\d-])${value}(?!\\d)`));
    }
  }
});

test('a setting that a remedy names can be set', () => {
  const named = rows.flatMap(
    ([refusal]) => because(refusal).remedy.match(/\b(?:limits|burst|rttime|polkit|bus)\.\w+/g) ?? [],
  );
  expect(named.length).toBeGreaterThanOrEqual(10);
  for (const key of named) expect(allKeys).toContain(key);
});

test('every limit that can refuse is named by the remedy of some refusal', () => {
  const remedies = rows.map(([refusal]) => because(refusal).remedy).join(' ');
  const limits = allKeys.filter((key) => key.startsWith('limits.'));
  for (const key of limits) expect(remedies).toContain(key);
});

const waits: ReadonlyArray<readonly [retryMsec: number, told: string]> = [
  [1, '0.1 s'],
  [50, '0.1 s'],
  [250, '0.3 s'],
  [999, '1.0 s'],
  [1001, '1.1 s'],
  [9999, '10.0 s'],
  [10_001, '10.1 s'],
];

for (const [retryMsec, told] of waits) {
  test(`a wait of ${retryMsec} ms is told as ${told}: never as less than it is`, () => {
    expect(because({ reason: 'burst', of: 'user', retryMsec }).remedy).toBe(
      `Ask again in ${told}, or raise burst.user_requests.`,
    );
    expect(Number.parseFloat(told) * 1000).toBeGreaterThanOrEqual(retryMsec);
  });
}
