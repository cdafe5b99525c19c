import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, ownFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { inNamespaceOf } from '../rig/namespace.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import type { Ran } from '../rig/rig.ts';
import { undocumented } from '../rig/shapes.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import { users } from '../rig/users.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const rtbroker = (
  line: string,
  ...rest: Parameters<Stage['rig']['rtbroker']> extends [unknown, ...infer Rest] ? Rest : never
) => stage.rig.rtbroker(line.split(' '), ...rest);

const said = (stdout: RegExp | string, code = 0): Ran => ({
  code,
  stdout: typeof stdout === 'string' ? stdout : expect.stringMatching(stdout),
  stderr: '',
});
const refused = (stderr: RegExp, code = 1) => ({ code, stdout: '', stderr: expect.stringMatching(stderr) });

const granted = async (caller: Caller, priority = 5): Promise<number> => {
  const tid = await caller.thread();
  dataOf(await ask(ownFace, realtime(caller, tid, priority)));
  return tid;
};

describe('list', () => {
  test('prints lines with tabs: whose thread, which, what it was granted and what it runs as', async () => {
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    const nice = await alice.thread();
    dataOf(await ask(ownFace, highPriority(alice, nice, -7)));
    await alice.relax(tid);
    expect(await rtbroker('list')).toEqual(
      said(
        new RegExp(
          `^alice\\t${alice.pid}/${tid}\\tcaller\\trr 5\\tother -?\\d+\\tdrifted \\(.+\\)\\t\\d+ s\n` +
            `alice\\t${alice.pid}/${nice}\\tcaller\\tother -7\\tother -7\\tactive\\t\\d+ s\n$`,
        ),
      ),
    );
  });

  test('shows users what is theirs, and says when there is more', async () => {
    const [alice, carol] = [await stage.caller('alice'), await stage.caller('carol')];
    const hers = await granted(alice);
    await granted(carol);
    const own = said(new RegExp(`^alice\\t${alice.pid}/${hers}\\t[^\n]*\n$`));
    expect(await rtbroker('list', 'alice')).toEqual(own);
    expect(await rtbroker('list --user alice', 'alice')).toEqual(own);
    expect(await rtbroker('list -u 4201')).toEqual(own);
    expect(await rtbroker('list --all')).toEqual(said(/^alice\t.*\ncarol\t.*\n$/));
    for (const line of ['list --all', 'list -u carol'])
      expect(await rtbroker(line, 'alice')).toEqual(
        refused(/2 granted threads, and you may see 1 of your own\. .*inspect/),
      );
    expect(await rtbroker('list', 'bob')).toEqual(said(''));
  });

  test('has its shape as JSON', async () => {
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    const [grant, ...more] = JSON.parse((await rtbroker('list --json')).stdout);
    expect(more).toEqual([]);
    expect(grant).toEqual({
      uid: 4201,
      user: 'alice',
      process: alice.pid,
      thread: tid,
      comm: 'caller',
      program: expect.stringMatching(/caller$/),
      kind: 'realtime',
      policy: 'rr',
      priority: 5,
      actual_policy: 'rr',
      actual_priority: 5,
      state: 'active',
      reason: '',
      over_limit: '',
      granted_at_usec: expect.any(Number),
      cpu_usec: expect.any(Number),
    });
    expect(undocumented('grant', grant)).toEqual([]);
    expect(Math.abs(grant.granted_at_usec / 1000 - Date.now())).toBeLessThan(60_000);
  });
});

describe('status', () => {
  test('is good, or says what is not', async () => {
    expect(await rtbroker('status')).toEqual(
      said(/^realtime-broker: \d.*\nhealth: good\ncanary: calm\ngranted: 0 threads in 0 processes of 0 users\n$/),
    );
  });

  test('says what the broker cannot do, and exits with 1', async () => {
    const alice = await stage.caller('alice');
    await stage.rig.stopPolkit();
    try {
      expect(await rtbroker(`grant ${alice.pid}`, 'alice')).toEqual(
        refused(/polkit could not be asked: .* polkitd runs/),
      );
      const bad = said(
        /\nhealth: degraded\npolkit-unavailable: polkit does not answer, .*: see whether polkitd runs\.\n/,
        1,
      );
      expect(await rtbroker('status')).toEqual(bad);
      expect(JSON.parse((await rtbroker('status --json')).stdout)).toMatchObject({
        healthy: false,
        degraded: [{ reason: 'polkit-unavailable', meaning: expect.stringMatching(/^polkit does not answer/) }],
      });
    } finally {
      await stage.rig.startPolkit();
    }
    expect(await rtbroker(`grant ${alice.pid}`, 'alice')).toMatchObject({ code: 0 });
    expect(await rtbroker('status')).toMatchObject({ code: 0 });
  });

  test('says what somebody else changed', async () => {
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    execFileSync('chrt', ['--reset-on-fork', '--rr', '--pid', '9', `${tid}`]);
    expect(await rtbroker('status')).toEqual(
      said(/\ndrift: 1 of these run as somebody else made them; (.|\n)*\trr 5\trr 9\tdrifted \(changed-by-others\)\t/),
    );
    const { drift } = JSON.parse((await rtbroker('status --json')).stdout);
    expect(drift).toEqual({ threads: 1, meddlers: expect.any(Array) });
  });

  test('has its shape as JSON', async () => {
    const alice = await stage.caller('alice');
    await granted(alice);
    const status = JSON.parse((await rtbroker('status --json')).stdout);
    expect(undocumented('status', status)).toEqual([]);
    expect(status).toMatchObject({
      version: expect.stringMatching(/^\d/),
      healthy: true,
      degraded: [],
      starved: false,
      totals: { threads: 1, processes: 1, users: 1 },
      users: [{ uid: 4201, user: 'alice', processes: 1, realtime_threads: 1, high_priority_threads: 0 }],
      grants: [{ process: alice.pid, state: 'active' }],
    });
  });
});

test('limits are those of who asks', async () => {
  const alice = await stage.caller('alice');
  await granted(alice);
  expect(await rtbroker('limits', 'alice')).toEqual(
    said(
      /^realtime priority: at most 20\nnice level: at least -15\nRLIMIT_RTTIME: 10 ms to 200 ms\nprocesses: 1 of 64 used\n/,
    ),
  );
  expect(JSON.parse((await rtbroker('limits --json', 'alice')).stdout)).toMatchObject({
    rttime_usec_max: 200_000,
    max_realtime_priority: 20,
    min_nice_level: -15,
    realtime_threads_used: 1,
    realtime_threads_per_process_max: 128,
    burst_refill_per_sec: 10_000,
  });
});

describe('grant', () => {
  test('asks for a thread as its program would', async () => {
    const alice = await stage.caller('alice');
    const tid = await alice.thread();
    expect(await rtbroker(`grant ${alice.pid}/${tid} 7`, 'alice')).toEqual(
      said(`Thread ${alice.pid}/${tid} now runs at realtime priority 7.\n`),
    );
    expect(await rtbroker(`grant ${alice.pid}`, 'alice')).toEqual(
      said(`Thread ${alice.pid} now runs at realtime priority 20.\n`),
    );
    expect(await rtbroker(`grant --nice -3 ${alice.pid}`, 'alice')).toEqual(
      said(`Thread ${alice.pid} now runs at nice -3.\n`),
    );
    expect(await stage.grants()).toMatchObject([
      { Thread: tid, Priority: 7 },
      { Thread: alice.pid, Nice: -3 },
    ]);
  });

  test('says why not, and what to do', async () => {
    const alice = await stage.caller('alice', 'unlimited');
    expect(await rtbroker(`grant ${alice.pid} 5`, 'alice')).toEqual(
      refused(/^rtbroker: Process \d+ has no hard RLIMIT_RTTIME\. Set /),
    );
    expect(await rtbroker(`grant ${alice.pid} 50`, 'alice')).toEqual(
      refused(/Priority 50 is above the limit of 20\. Ask for/),
    );
    expect(await rtbroker(`grant ${alice.pid} 5`, 'bob')).toEqual(refused(/belongs to uid 4201/));
    expect(await rtbroker('grant 4194303')).toEqual(refused(/^rtbroker: .*4194303/));
  });
});

describe('explain', () => {
  test('says that a thread would be granted, what it runs as, and who granted it', async () => {
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    expect(await rtbroker(`explain ${alice.pid}/${tid} 12`, 'alice')).toEqual(
      said(
        new RegExp(
          `^thread: ${alice.pid}/${tid} caller \\(alice\\)( \\S+caller)?\nruns as: rr 5\nRLIMIT_RTTIME: 200 ms\n` +
            'granted: realtime priority 5, by the broker, \\d+ s ago \\(active\\)\nIt would be granted realtime priority 12\\.\n$',
        ),
      ),
    );
    const verdict = JSON.parse((await rtbroker(`explain --json ${alice.pid}`)).stdout);
    expect(undocumented('explain', verdict)).toEqual([]);
    expect(verdict).toEqual({
      process: alice.pid,
      thread: alice.pid,
      priority: 20,
      would_be_granted: true,
      reason: '',
      remedy: '',
      runs_as: {
        uid: 4201,
        comm: 'caller',
        program: expect.stringMatching(/caller$/),
        policy: 'other',
        priority: expect.any(Number),
        rttime_usec: 200_000,
      },
      grant: null,
    });
  });

  test('says why it would be refused, and what to do; and changes nothing', async () => {
    const alice = await stage.caller('alice', 'unlimited');
    expect(await rtbroker(`explain ${alice.pid} 5`, 'alice')).toEqual(
      said(
        /^thread: .*\nruns as: other -?\d+\nRLIMIT_RTTIME: not set\ngranted: nothing, by the broker\nIt would be refused realtime priority 5 \(rttime-unset\): Process \d+ has no hard RLIMIT_RTTIME\. Set /,
        1,
      ),
    );
    expect(JSON.parse((await rtbroker(`explain --json ${alice.pid} 50`)).stdout)).toMatchObject({
      would_be_granted: false,
      reason: 'priority-above-limit',
      remedy: expect.stringMatching(/above the limit of 20/),
      runs_as: { rttime_usec: null },
    });
    expect(await stage.grants()).toEqual([]);
  });

  test('does not speak of what is not there, or not for all ears', async () => {
    const alice = await stage.caller('alice');
    expect(await rtbroker(`explain ${alice.pid}`, 'carol')).toEqual(refused(/inspect/));
    expect(await rtbroker(`explain ${alice.pid}/1`, 'alice')).toEqual(refused(/^rtbroker: .*\b1\b/));
    expect(await rtbroker('explain 4194303')).toEqual(refused(/4194303/));
  });
});

describe('what was granted', () => {
  test('is released by its user', async () => {
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    expect(await rtbroker(`release ${alice.pid}/${tid}`, 'carol')).toEqual(refused(/manage/));
    expect(await rtbroker(`release ${alice.pid}/${tid}`, 'alice')).toEqual(
      said(`Thread ${alice.pid}/${tid} has given its grant back.\n`),
    );
    expect(await rtbroker(`release ${alice.pid}/${tid}`, 'alice')).toEqual(refused(/has no grant/));
    expect(await stage.grants()).toEqual([]);
  });

  test('is taken away by root', async () => {
    const alice = await stage.caller('alice');
    const [first] = [await granted(alice), await granted(alice), await granted(alice)];
    expect(await rtbroker(`demote ${alice.pid}/${first}`, 'alice')).toEqual(refused(/manage/));
    expect(await rtbroker(`demote ${alice.pid}/${first}`)).toEqual(
      said(`Thread ${alice.pid}/${first} is an ordinary one now.\n`),
    );
    expect(await stage.grants()).toHaveLength(2);
    expect(await rtbroker('demote --all', 'alice')).toEqual(refused(/manage/));
    expect(await rtbroker('demote --all')).toEqual(said('All granted threads are ordinary ones now.\n'));
    expect(await stage.grants()).toEqual([]);
  });
});

describe('metrics', () => {
  test('count what happened, in OpenMetrics', async () => {
    const alice = await stage.caller('alice');
    await granted(alice);
    await rtbroker(`grant ${alice.pid} 50`, 'alice');
    const { code, stdout } = await rtbroker('metrics');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^realtime_broker_granted_threads 1$/m);
    expect(stdout).toMatch(/^# TYPE realtime_broker_grants counter$/m);
    expect(stdout).toMatch(/^realtime_broker_grants_total\{kind="realtime"\} [1-9]\d*$/m);
    expect(stdout).toMatch(/^realtime_broker_refusals_total\{reason="priority-above-limit"\} [1-9]\d*$/m);
    expect(stdout).toMatch(/^realtime_broker_canary_lateness_seconds_bucket\{le="0\.001"\} \d+$/m);
    expect(stdout).toMatch(
      /^realtime_broker_canary_lateness_seconds_bucket\{le="\+Inf"\} (\d+)\nrealtime_broker_canary_lateness_seconds_count \1$/m,
    );
    expect(stdout).toMatch(/\n# EOF\n$/);
  });

  test('are well formed: each family once, its metadata first, and no sample twice', async () => {
    const lines = (await rtbroker('metrics')).stdout.trimEnd().split('\n');
    const sample = /^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?[\d.]+(?:e[-+]\d+)?)$/;
    const families: string[] = [];
    for (const line of lines.slice(0, -1)) {
      const [, name = '', type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
      if (type !== undefined) families.push(name);
      else if (line.startsWith('#')) expect(line).toMatch(new RegExp(`^# (HELP|UNIT) ${families.at(-1)} .+$`));
      else expect([line, sample.exec(line)?.[1]?.startsWith(families.at(-1) ?? '?')]).toEqual([line, true]);
    }
    expect(new Set(families).size).toBe(families.length);
    const names = lines.filter((line) => !line.startsWith('#')).map((line) => line.replace(/ \S+$/, ''));
    expect(new Set(names).size).toBe(names.length);
  });
});

test('version is that of both', async () => {
  expect(await rtbroker('version')).toEqual(said(/^rtbroker (\d\S+)\nrealtime-brokerd \1\n$/));
  expect(JSON.parse((await rtbroker('version --json')).stdout)).toEqual({
    tool: expect.stringMatching(/^\d/),
    daemon: expect.stringMatching(/^\d/),
  });
});

describe('watch', () => {
  const watching = async (...args: string[]): Promise<Child> => {
    const env = { DBUS_SYSTEM_BUS_ADDRESS: stage.rig.address };
    const command = inNamespaceOf(stage.rig.busPid, [...stage.rig.tool, 'watch', ...args], users.alice);
    const child = await Child.start('rtbroker', command, { env });
    watchers.push(child);
    const tid = (await stage.caller('alice')).pid;
    await expect.poll(() => child.lines.length > 0 || rtbroker(`grant ${tid} 1`, 'alice').then(() => false)).toBe(true);
    return child;
  };
  const watchers: Child[] = [];
  afterEach(() => Promise.all(watchers.splice(0).map((child) => child.stop())));

  test('tells of grants as they come and go, until it is told to end', async () => {
    const child = await watching();
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    await child.line(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d granted {3}${alice.pid}/${tid} caller \\(alice\\): realtime priority 5$`),
    );
    await alice.end(tid);
    await child.line(
      new RegExp(` removed {3}${alice.pid}/${tid} caller \\(alice\\): realtime priority 5 \\(ended\\)$`),
    );
    child.signal('SIGINT');
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  test('tells it in JSON, a line each', async () => {
    const child = await watching('--json');
    const alice = await stage.caller('alice');
    const tid = await granted(alice);
    await child.line(/"PropertiesChanged","changed":\{[^}]*"thread_count":2\b/);
    await alice.end(tid);
    for (const said of child.lines) expect(undocumented('watch', JSON.parse(said))).toEqual([]);
    const line = JSON.parse(await child.line(new RegExp(`"GrantRemoved".*"thread":${tid}`)));
    expect(line).toEqual({
      time_usec: expect.any(Number),
      signal: 'GrantRemoved',
      reason: 'ended',
      grant: expect.objectContaining({ user: 'alice', process: alice.pid, thread: tid, priority: 5 }),
    });
  });
});
