import { beforeEach, describe, expect, test } from 'vitest';
import { LiveConfig } from '../../src/config/live.ts';
import { parseConfig, type Settings } from '../../src/config/settings.ts';
import type { Pid, Uid } from '../../src/core/thread.ts';
import { Refused } from '../../src/refused.ts';
import { FakeJournal } from '../fakes/journal.ts';

let text: string;
let journal: FakeJournal;
let told: string[];
let applied: Settings[];
let live: LiveConfig;
let load: () => Settings;
const by = { name: ':1.7', uid: 0 as Uid, pid: 42 as Pid };

const start = (atStart: string) => {
  text = atStart;
  load = () => parseConfig(text, 'f');
  journal = new FakeJournal();
  told = [];
  applied = [];
  live = new LiveConfig(parseConfig(atStart, 'f'), {
    journal,
    notifier: { reloading: () => told.push('reloading'), ready: () => told.push('ready') },
    load: () => load(),
    apply: (fresh) => applied.push(fresh),
  });
};
beforeEach(() => start('limits.users_max = 7'));
const said = () => journal.entries.map((entry) => `${entry.level}: ${entry.text}`);

const reloadsTo = (fresh: string, ...lines: string[]) => {
  text = fresh;
  live.reload(by);
  expect(said()).toEqual(lines);
};

describe('a good configuration', () => {
  test('is put in force, and what is other is told', () => {
    reloadsTo(
      'limits = { users_max = 8, nice_level_min = -11 }',
      'info: The configuration was read again from f: limits.nice_level_min is -11, limits.users_max is 8.',
    );
    expect(applied.map(({ limits }) => limits.usersMax)).toEqual([8]);
    expect(told).toEqual(['reloading', 'ready']);
    expect(journal.entries[0]?.fields).toEqual({ byUid: 0, byPid: 42 });
  });

  test('that says the same is told to', () => {
    reloadsTo('limits.users_max = 7 # still', 'info: The configuration was read again from f: nothing changed.');
    expect(applied).toHaveLength(1);
  });

  test('that says no more what it said is one of defaults', () => {
    reloadsTo('', 'info: The configuration was read again from f: limits.users_max is 2048.');
  });

  test('has rules that come and go', () => {
    const rule = '[[rule]]\nuser = 1000\nrefuse = true';
    reloadsTo(
      `limits.users_max = 7\n${rule}`,
      'info: The configuration was read again from f: rule.1.user is 1000, rule.1.refuse is true.',
    );
    journal.entries.length = 0;
    reloadsTo(
      'limits.users_max = 7',
      'info: The configuration was read again from f: rule.1.user is gone, rule.1.refuse is gone.',
    );
  });

  test('is told of by what is worth reading', () => {
    text = Array.from({ length: 30 }, (_, index) => `[[rule]]\nuser = ${index}\nrefuse = true`).join('\n');
    live.reload();
    expect(journal.entries[0]?.text).toMatch(/rule\.10\.user is 9, and 41 more\.$/);
  });

  test('is warned about', () => {
    reloadsTo(
      'limits = { users_max = 7, realtime_priority_max = 9 }',
      'info: The configuration was read again from f: limits.realtime_priority_max is 9.',
      'warning: limits.realtime_priority_max is 9, but should be at least 10 for RealtimeKit1: Firefox asks for priority 10 whatever the limit is',
    );
  });

  test('says, as long as it is so, what waits for a restart', () => {
    const waits = 'Until the daemon is restarted, this waits: canary.patience_msec is 400.';
    reloadsTo(
      'limits.users_max = 7\ncanary.patience_msec = 400',
      `info: The configuration was read again from f: nothing changed. ${waits}`,
    );
    journal.entries.length = 0;
    reloadsTo(
      'limits.users_max = 8\ncanary.patience_msec = 400',
      `info: The configuration was read again from f: limits.users_max is 8. ${waits}`,
    );
    journal.entries.length = 0;
    reloadsTo('limits.users_max = 8', 'info: The configuration was read again from f: nothing changed.');
  });
});

describe('a bad configuration', () => {
  beforeEach(() => {
    text = 'limits.users_max = 0\nlog.level = 1';
  });
  const problems =
    'f:1:20: limits.users_max must be 1 to 65536 users, not 0\n' +
    'f:2:13: log.level must be "debug", "info", "warning" or "error", not the integer 1';

  test('changes nothing, and the caller and the journal hear all that is wrong', () => {
    expect(() => live.reload(by)).toThrow(new Refused({ reason: 'invalid-configuration', problems }));
    expect(applied).toEqual([]);
    expect(told).toEqual(['reloading', 'ready']);
    expect(said()).toEqual([
      'warning: The configuration is not good, and what is in force stays.',
      ...problems.split('\n').map((problem) => `warning: ${problem}`),
    ]);
    expect(journal.entries[0]?.fields).toEqual({ byUid: 0, byPid: 42, reason: 'invalid-configuration' });
  });

  test('is no end of the daemon when a signal asked for it', () => {
    live.tryReload();
    expect(said()[0]).toMatch(/^warning: The configuration is not good/);
  });

  test('does not count as what was before', () => {
    live.tryReload();
    journal.entries.length = 0;
    reloadsTo('limits.users_max = 8', 'info: The configuration was read again from f: limits.users_max is 8.');
  });
});

test('a fault of ours is told in full, and is no end of the daemon either', () => {
  load = () => {
    throw new Error('unheard of');
  };
  live.tryReload();
  expect(said()).toEqual([expect.stringMatching(/^error: .* what is in force stays: Error: unheard of\n +at /)]);
  expect(applied).toEqual([]);
  expect(told).toEqual(['reloading', 'ready']);
  expect(() => live.reload(by)).toThrow('unheard of');
});

test('a priority must be below the watchdog that runs, whatever the next one will have', () => {
  const reload = (written: string) => () => parseConfig(written, 'f', { watchdogRunsAt: 30 });
  expect(reload('limits.realtime_priority_max = 29')).not.toThrow();
  const running = 'must be below the watchdog, which runs at 30 until the daemon is restarted';
  expect(reload('limits.realtime_priority_max = 30')).toThrow(
    `f:1:32: limits.realtime_priority_max is 30 and ${running}`,
  );
  expect(reload('[[rule]]\nuser = 1\nrealtime_priority_max = 30')).toThrow(
    `f:3:25: rule.realtime_priority_max is 30 and ${running}`,
  );
  expect(() => parseConfig('', 'f', { watchdogRunsAt: 20 })).toThrow(
    'default: limits.realtime_priority_max is 20 and must be below the watchdog, which runs at 20',
  );
  expect(reload('canary.watchdog_priority = 25\nlimits.realtime_priority_max = 26')).toThrow(
    'f:1:28: canary.watchdog_priority is 25 and must be above limits.realtime_priority_max, which is 26',
  );
});
