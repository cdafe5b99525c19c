import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { Configured } from '../rig/configured.ts';
import { look } from '../rig/kernel.ts';
import { built } from '../rig/paths.ts';
import { expectRefused } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf } from '../rig/stage.ts';

let configured: Configured;
beforeAll(async () => {
  configured = await Configured.start();
});
afterEach(() => configured.stage.clear());
afterAll(() => configured.stop());

const lowered = 'limits = { realtime_priority_max = 10, nice_level_min = -11, rttime_usec_max = 150_000 }';
const values = async (face: typeof ownFace) => {
  const properties = { ...face, interface: 'org.freedesktop.DBus.Properties' };
  const [all] = dataOf(await configured.stage.root.call(properties, 'GetAll', 's', face.name));
  const told = all as Record<string, { data: number }>;
  return ['RTTimeUSecMax', 'MaxRealtimePriority', 'MinNiceLevel'].map((name) => told[name]?.data);
};
const atStart = [200_000, 20, -15];

describe('a good configuration', () => {
  test('is in force at once, told to everybody, and RealtimeKit1 says what it said', async () => {
    await configured.configure({});
    const { address, users } = configured.stage.rig;
    const command = ['gdbus', 'monitor', '--system', '--dest', ownFace.name, '--object-path', ownFace.path];
    const env = { DBUS_SYSTEM_BUS_ADDRESS: address };
    const monitor = await Child.start('gdbus monitor', command, { env, user: users.bob });
    await monitor.line(/^The name .* is owned by/);
    await configured.configure({ main: lowered });
    await monitor.line(/{'RTTimeUSecMax': <int64 150000>, 'MaxRealtimePriority': <10>, 'MinNiceLevel': <-11>}/);
    await monitor.stop();
    expect(await values(ownFace)).toEqual([150_000, 10, -11]);
    expect(await values(rtkitFace)).toEqual(atStart);
    const alice = await configured.stage.caller('alice', 150_000);
    expectRefused(await ask(ownFace, realtime(alice, 0, 11)), ownFace, 'PriorityAboveLimit', 'limit of 10');
    expectRefused(await ask(rtkitFace, realtime(alice, 0, 11)), rtkitFace, 'PriorityAboveLimit', 'limit of 10');
    dataOf(await ask(ownFace, realtime(alice, 0, 10)));
  });

  test('takes no grant away, and what is above it now says so', async () => {
    await configured.configure({});
    const alice = await configured.stage.caller('alice');
    const [high, low, nice] = [await alice.thread(), await alice.thread(), await alice.thread()];
    dataOf(await ask(ownFace, realtime(alice, high, 20)));
    dataOf(await ask(ownFace, realtime(alice, low, 10)));
    dataOf(await ask(ownFace, highPriority(alice, nice, -15)));
    await configured.configure({ main: 'limits.realtime_priority_max = 10\nlimits.nice_level_min = -11' });
    const grants = await configured.stage.grants(alice);
    expect(grants.map(({ Thread, State, OverLimit }) => [Thread, State, OverLimit])).toEqual([
      [high, 'active', 'priority-above-limit'],
      [low, 'active', ''],
      [nice, 'active', 'nice-below-limit'],
    ]);
    expect([high, nice].map(look)).toMatchObject([{ policy: 'rr', priority: 20 }, { nice: -15 }]);
  });

  test('with fewer places leaves everybody his, and tells by how much he is above', async () => {
    await configured.configure({});
    const alice = await configured.stage.caller('alice');
    for (const tid of [await alice.thread(), await alice.thread()]) dataOf(await ask(ownFace, realtime(alice, tid, 5)));
    await configured.configure({ main: 'limits.realtime_threads_per_user_max = 1' });
    expect(await configured.stage.limits(alice)).toMatchObject({ RealtimeThreadsMax: 1, RealtimeThreadsUsed: 2 });
    expect((await configured.stage.grants()).map(({ OverLimit }) => OverLimit)).toEqual([
      'thread-limit',
      'thread-limit',
    ]);
    expectRefused(await ask(ownFace, realtime(alice, 0, 5)), ownFace, 'ThreadLimit', 'all 1 realtime threads');
  });

  test('leaves RLIMIT_RTTIME good on RealtimeKit1 where it said so', async () => {
    await configured.configure({ main: lowered });
    const alice = await configured.stage.caller('alice', 200_000);
    expectRefused(await ask(ownFace, realtime(alice, 0, 10)), ownFace, 'RTTimeAboveLimit', '150000 us');
    dataOf(await ask(rtkitFace, realtime(alice, 0, 10)));
  });

  test('changes how often one may ask', async () => {
    await configured.configure({ dropIns: { 'burst.toml': 'burst = { user_requests = 3, user_refill_per_sec = 1 }' } });
    expect(await configured.stage.limits(await configured.stage.caller('carol'))).toMatchObject({
      BurstRequests: 3,
      BurstRequestsLeft: 3,
      BurstRefillPerSec: 1,
    });
  });

  test('is that of the last drop-in, key by key', async () => {
    await configured.configure({
      main: 'limits = { realtime_priority_max = 11, nice_level_min = -11 }',
      dropIns: {
        '10-first.toml': 'limits = { realtime_priority_max = 12, rttime_usec_max = 120_000 }',
        '20-second.toml': 'limits.realtime_priority_max = 13',
        '30-not.conf': 'limits.realtime_priority_max = 14',
      },
    });
    expect(await values(ownFace)).toEqual([120_000, 13, -11]);
  });

  test('says in the journal what changed, who wanted it, and what waits for a restart', async () => {
    await configured.configure({});
    const from = configured.stage.broker.lines.length;
    await configured.configure({ main: 'canary.patience_msec = 400\nlog.level = "debug"' });
    const line = await configured.stage.broker.line(/The configuration was read again .*patience/, { from });
    expect(line).toContain(
      `from ${configured.file}: log.level is debug. Until the daemon is restarted, this waits: canary.patience_msec is 400.`,
    );
    expect(line).toContain('RTBROKER_BY_UID=0');
  });
});

describe('a bad configuration', () => {
  test('changes nothing, and the caller hears all that is wrong', async () => {
    await configured.configure({ main: lowered });
    const reply = await configured.reload({
      main: 'limits = { realtime_priority_max = 99, users_max = 5 }\n[[rule]]\nuser = "alice"',
      dropIns: { 'a.toml': 'log.levl = "debug"', 'b.toml': 'limits.users_max = 7\n[' },
    });
    expect(reply).toMatchObject({ ok: false, error: `${ownFace.name}.Error.InvalidConfiguration` });
    const { text } = reply as Extract<typeof reply, { ok: false }>;
    for (const problem of [
      `${configured.file}:1:36: limits.realtime_priority_max must be 1 to 98, not 99`,
      `${configured.file}:2:1: this rule says nothing`,
      `${configured.dropIn('a.toml')}:1:1: log.levl is not a setting; did you mean log.level?`,
      `${configured.dropIn('b.toml')}:2:2: not TOML: `,
    ])
      expect(text).toContain(problem);
    expect(await values(ownFace)).toEqual([150_000, 10, -11]);
    await configured.stage.broker.line(/^warning: .*b\.toml:2:2: not TOML/);
  });

  test('that others can write is not believed', async () => {
    await configured.configure({});
    configured.write({ main: lowered });
    execFileSync('chmod', ['666', configured.file]);
    expect(await configured.stage.root.call(ownFace, 'Reload')).toMatchObject({
      text: expect.stringContaining(`${configured.file}: others may write it (mode 0666); chmod go-w it`),
    });
    execFileSync('chmod', ['644', configured.file]);
    expect(await values(ownFace)).toEqual(atStart);
  });
});

describe('SIGHUP', () => {
  const hangup = async (main: string, line: RegExp) => {
    const from = configured.stage.broker.lines.length;
    configured.write({ main });
    configured.stage.broker.signal('SIGHUP');
    await configured.stage.broker.line(line, { from });
  };

  test('reads the configuration, and a bad one does no harm', async () => {
    await configured.configure({});
    await hangup(lowered, /The configuration was read again/);
    expect(await values(ownFace)).toEqual([150_000, 10, -11]);
    await hangup('limits.users_max = 0', /^warning: .*users_max must be/);
    expect(await values(ownFace)).toEqual([150_000, 10, -11]);
    await hangup('', /The configuration was read again/);
    expect(await values(ownFace)).toEqual(atStart);
  });
});

test('not everybody may have it read anew', async () => {
  await configured.configure({});
  configured.write({ main: lowered });
  const alice = await configured.stage.caller('alice');
  const reply = await alice.call(ownFace, 'Reload');
  expect(reply).toMatchObject({ ok: false });
  expect(await values(ownFace)).toEqual(atStart);
});

test('--check-config tells which files it read, and in which order', () => {
  configured.write({ main: '', dropIns: { 'b.toml': '', 'a.toml': '' } });
  const command = [built('dist/realtime-brokerd.js'), '--check-config', '--config', configured.file];
  expect(execFileSync(process.execPath, command, { encoding: 'utf8' })).toBe(
    `Read ${configured.file}.\nRead ${configured.dropIn('a.toml')}.\nRead ${configured.dropIn('b.toml')}.\nThe configuration is good.\n`,
  );
});
