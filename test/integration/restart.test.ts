import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/state/record.ts';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { look } from '../rig/kernel.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import { Systemd1, systemd1Policy } from '../rig/systemd1.ts';

const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const granted = async (caller: Caller, tid: number) => dataOf(await ask(ownFace, realtime(caller, tid, 5)));
const adopted = (stage: Stage) => stage.broker.lines.find((line) => line.includes('taken over'));

describe('a broker that is killed', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  test('C40: has a successor with the same grants, each as it was', async () => {
    const [alice, carol] = [await stage.caller(), await stage.caller('carol')];
    const tids = [await alice.thread(), await alice.thread(), await carol.thread()] as const;
    dataOf(await ask(ownFace, realtime(alice, tids[0], 5)));
    dataOf(await ask(rtkitFace, highPriority(alice, tids[1], -7)));
    dataOf(await ask(rtkitFace, realtime(carol, tids[2], 20)));
    dataOf(await ask(ownFace, realtime(carol, 0, 1)));
    const before = await stage.snapshot(alice);
    expect(before.grants).toHaveLength(4);

    await stage.restart('SIGKILL');
    expect(await stage.snapshot(alice)).toEqual(before);
    expect(adopted(stage)).toContain('info: 4 of 4 grants were taken over from the broker before: 4 run as granted.');

    await alice.end(tids[0]);
    await expect.poll(() => stage.property('ThreadCount')).toBe(3);
    dataOf(await ask(rtkitFace, highPriority(carol, 0, 0)));
    await stage.restart('SIGKILL');
    expect(await stage.grants()).toEqual(
      before.grants.filter(({ Thread }) => [tids[1], tids[2]].includes(Number(Thread))),
    );
  });

  const meanwhile: readonly (readonly [title: string, change: (caller: Caller, tid: number) => Promise<unknown>])[] = [
    ['ends', (caller, tid) => caller.end(tid)],
    ['ends with its process', (caller) => caller.stop()],
    ['calls exec', (caller, tid) => caller.exec(tid)],
  ];
  for (const [title, change] of meanwhile)
    test(`leaves nothing of a thread that ${title} before the next one is there`, async () => {
      const caller = await stage.caller();
      const tid = await caller.thread();
      await granted(caller, tid);
      await stage.restart('SIGKILL', () => change(caller, tid));
      expect(await stage.grants()).toEqual([]);
      expect([look(caller.pid) ?? ordinary, look(tid) ?? ordinary]).toMatchObject([ordinary, ordinary]);
      expect(adopted(stage)).toContain('0 of 1 grants were taken over from the broker before: 1 had ended.');
    });

  test('leaves nothing of a process that changes its user before the next one is there', async () => {
    const root = await stage.caller('root');
    const tid = await root.thread();
    await granted(root, tid);
    const { uid } = stage.rig.users.bob;
    await stage.restart('SIGKILL', () => root.setresuid(uid, uid, uid));
    expect(await stage.grants()).toEqual([]);
    expect(look(tid)).toMatchObject(ordinary);
  });

  test('leaves what a thread changed by itself, as drifted', async () => {
    const alice = await stage.caller();
    const tid = await alice.thread();
    await granted(alice, tid);
    await stage.restart('SIGKILL', () => alice.relax(tid));
    expect(await stage.grants()).toMatchObject([{ Thread: tid, State: 'drifted' }]);
  });
});

test('a successor that may open less demotes whom it cannot watch, and says so', async () => {
  const stage = await Stage.start();
  const alice = await stage.caller();
  const tids: number[] = [];
  for (let count = 0; count < 20; count++) tids.push(await alice.thread());
  for (const tid of tids) await granted(alice, tid);
  stage.broker.signal('SIGKILL');
  await stage.broker.exited;
  const next = await stage.rig.startBroker({ under: ['prlimit', '--nofile=60:60'] });
  const listed = (await stage.grants()).map(({ Thread }) => Thread);
  expect(tids.filter((tid) => look(tid)?.policy === 'rr')).toEqual(listed);
  expect(listed.length).toBeLessThan(20);
  const told = next.lines.filter((line) =>
    /^error: .* cannot be watched, and is not realtime any more: .*EMFILE/.test(line),
  );
  expect(told.length).toBe(20 - listed.length);
  await stage.rig.stop();
});

describe('C11: what rtkit’s interface says', () => {
  const advertised = async (stage: Stage) => {
    const properties = { ...rtkitFace, interface: 'org.freedesktop.DBus.Properties' };
    return dataOf(await stage.root.call(properties, 'GetAll', 's', rtkitFace.name));
  };
  const lower = { 'limits.rttime_usec_max': 100_000, 'limits.realtime_priority_max': 11, 'limits.nice_level_min': -12 };

  for (const [how, signal] of [
    ['a crash', 'SIGKILL'],
    ['a stop and a start', 'SIGTERM'],
  ] as const)
    test(`stays the same over ${how}, and who set his RLIMIT_RTTIME by it is still granted`, async () => {
      const stage = await Stage.start();
      const before = await advertised(stage);
      await stage.restart(signal, undefined, lower);
      expect(await advertised(stage)).toEqual(before);
      expect(await stage.properties()).toMatchObject({ RTTimeUSecMax: 100_000, MaxRealtimePriority: 11 });
      const alice = await stage.caller('alice', 200_000);
      dataOf(await ask(rtkitFace, realtime(alice, 0, 5)));
      await stage.stop();
    });
});

describe('an end', () => {
  const outcomeOf = async (signal: NodeJS.Signals, job: string | undefined) => {
    const stage = await Stage.start({}, { busConfig: systemd1Policy });
    const systemd = await Systemd1.start(stage.rig.address, job);
    const alice = await stage.caller();
    await granted(alice, 0);
    const ending = await stage.restart(signal);
    const grants = (await stage.grants()).length;
    const { policy } = look(alice.pid) ?? {};
    await systemd.stop();
    await stage.stop();
    return { ...ending, grants, policy };
  };
  const kept = { code: 0, signal: null, grants: 1, policy: 'rr' };
  const demoted = { code: 0, signal: null, grants: 0, policy: 'other' };

  for (const [title, signal, job, outcome] of [
    ["by systemd's restart keeps what was granted", 'SIGTERM', 'restart', kept],
    ["by systemd's stop demotes it", 'SIGTERM', 'stop', demoted],
    ['by SIGTERM while systemd has no job for it demotes it', 'SIGTERM', undefined, demoted],
    ['by SIGTERM while systemd does not answer demotes it', 'SIGTERM', 'silence', demoted],
    ['by SIGINT demotes it, whatever systemd is about to do', 'SIGINT', 'restart', demoted],
    ['by SIGUSR1 keeps it', 'SIGUSR1', 'stop', kept],
  ] as const)
    test(title, async () => expect(await outcomeOf(signal, job)).toEqual(outcome));
});

describe('what a broker left that was killed', () => {
  const bySystemd = { SERVICE_RESULT: 'signal' };
  for (const [title, job, policy, env] of [
    ['is taken back after a stop', 'stop', 'other', bySystemd],
    ['is taken back when systemd has no job for it', undefined, 'other', bySystemd],
    ['stays when it is about to be started again', 'restart', 'rr', bySystemd],
    ['stays when it is about to be started', 'start', 'rr', bySystemd],
    ['is taken back by hand, whatever unit the hand is in', 'start', 'other', {}],
  ] as const)
    test(title, async () => {
      const stage = await Stage.start({}, { busConfig: systemd1Policy });
      const systemd = await Systemd1.start(stage.rig.address, job);
      const alice = await stage.caller();
      await granted(alice, 0);
      await stage.restart('SIGKILL', async () => {
        const after = await stage.rig.startBroker({ args: ['--after-stop'], names: [], env });
        expect(await after.exited).toEqual({ code: 0, signal: null });
        expect(look(alice.pid)).toMatchObject({ policy });
        expect(after.lines.join('\n')).not.toContain('serves on');
      });
      expect(await stage.grants()).toHaveLength(policy === 'rr' ? 1 : 0);
      await systemd.stop();
      await stage.stop();
    });

  test('is taken back also where the machine says that this is another boot', async () => {
    const stage = await Stage.start();
    const alice = await stage.caller();
    await granted(alice, 0);
    await stage.restart('SIGKILL', async () => {
      const file = join(stage.rig.dir, 'state/logbook');
      const [heading = '', ...rest] = readFileSync(file, 'utf8').split('\n');
      const record = JSON.parse(heading.slice(heading.indexOf(' ')));
      writeFileSync(file, Buffer.concat([encodeRecord({ ...record, boot: 'another' }), Buffer.from(rest.join('\n'))]));
      const after = await stage.rig.startBroker({ args: ['--after-stop'], names: [] });
      expect(await after.exited).toEqual({ code: 0, signal: null });
      expect(look(alice.pid)).toMatchObject({ policy: 'other' });
    });
    await stage.stop();
  });

  test('is taken back also where the configuration is wrong', async () => {
    const stage = await Stage.start();
    const alice = await stage.caller();
    await granted(alice, 0);
    await stage.restart('SIGKILL', async () => {
      const after = await stage.rig.startBroker({ args: ['--config', '/nonexistent', '--after-stop'], names: [] });
      expect(await after.exited).toEqual({ code: 0, signal: null });
      expect(look(alice.pid)).toMatchObject({ policy: 'other' });
    });
    await stage.stop();
  });
});

describe('state that is damaged', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.rig.stop());

  const damaged = async (change: (text: string) => string) => {
    const file = join(stage.rig.dir, 'state/logbook');
    await stage.restart('SIGKILL', async () => writeFileSync(file, change(readFileSync(file, 'utf8'))));
    expect(stage.broker.lines.join('\n')).toMatch(
      /^error: .*logbook is damaged: .* It is kept as .*logbook.damaged-1\./m,
    );
  };

  test('in a record leaves what can be read and the kernel confirms', async () => {
    const alice = await stage.caller();
    const tids = [await alice.thread(), await alice.thread()] as const;
    for (const tid of tids) await granted(alice, tid);
    const before = await stage.grants();
    await damaged((text) => text.replace(/^.{8} \{"kind":"kept"/m, '$&!'));
    expect(await stage.grants()).toEqual(before);
  });

  test('in its heading leaves a broker that works, and tells of threads that are not watched any more', async () => {
    const alice = await stage.caller();
    const tid = await alice.thread();
    await granted(alice, tid);
    await damaged((text) => text.slice(1));
    expect(await stage.grants()).toEqual([]);
    const text = `warning: Thread ${tid} (caller) of process ${alice.pid} (uid ${alice.user.uid}) runs at rr 5, maybe by a grant`;
    expect(stage.journalOf(tid).at(-1)).toContain(text);
    await granted(alice, tid);
    expect(await stage.grants()).toMatchObject([{ Thread: tid, State: 'active' }]);
  });
});

describe('a state directory', () => {
  /** Of 64 KiB, in the mount namespace of the rig's bus and broker. */
  const small = 'mountpoint -q "$dir" || mount -t tmpfs -o size=64k,mode=700 none "$dir"';
  const find = 'for word; do [ "$option" = --state-dir ] && dir=$word; option=$word; done';
  const under = ['sh', '-c', `${find}; ${small}; exec "$@"`, 'sh'];

  const inNamespace = (stage: Stage, command: string): void => {
    const dir = join(stage.rig.dir, 'state');
    const script = ['sh', '-c', `cd ${dir} && ${command}`];
    execFileSync('nsenter', [`--mount=/proc/${stage.rig.busPid}/ns/mnt`, '--', ...script], { stdio: 'ignore' });
  };

  test('that is full: what was granted stays, nothing is granted, nothing is lost; and all is well when there is room', async () => {
    const stage = await Stage.start({}, {}, { under });
    const alice = await stage.caller();
    const tids = [await alice.thread(), await alice.thread(), await alice.thread()] as const;
    for (const tid of tids.slice(0, 2)) await granted(alice, tid);
    inNamespace(stage, 'dd if=/dev/zero of=filler bs=1k || true');

    const refused = { ok: false, error: `${ownFace.name}.Error.KernelRefused`, text: expect.stringMatching(/ENOSPC/) };
    await expect
      .poll(async () => (await ask(ownFace, realtime(alice, tids[0], 5))) as unknown, { interval: 1 })
      .toMatchObject(refused);
    expect(await ask(ownFace, realtime(alice, tids[2], 5))).toMatchObject(refused);
    expect(look(tids[2])).toMatchObject(ordinary);
    expect(await stage.property('Degraded')).toContain('state-unwritable');
    await alice.end(tids[1]);
    await expect.poll(() => stage.property('ThreadCount')).toBe(1);

    await stage.restart('SIGKILL');
    expect(await stage.grants()).toMatchObject([{ Thread: tids[0], State: 'active' }]);
    expect(await ask(ownFace, realtime(alice, tids[2], 5))).toMatchObject(refused);

    inNamespace(stage, 'rm filler');
    await granted(alice, tids[2]);
    expect(await stage.property('Degraded')).not.toContain('state-unwritable');
    await stage.restart('SIGKILL');
    expect((await stage.grants()).map(({ Thread }) => Thread)).toEqual([tids[0], tids[2]]);
    await stage.rig.stop();
  });

  test('that is read-only: what was granted is supervised, and nothing more is granted', async () => {
    const stage = await Stage.start({}, {}, { under });
    const alice = await stage.caller();
    const tids = [await alice.thread(), await alice.thread()] as const;
    await granted(alice, tids[0]);
    await stage.restart('SIGKILL', async () => inNamespace(stage, 'mount -o remount,ro .'));
    expect(await stage.grants()).toMatchObject([{ Thread: tids[0], State: 'active' }]);
    expect(await ask(ownFace, realtime(alice, tids[1], 5))).toMatchObject({
      error: `${ownFace.name}.Error.KernelRefused`,
      text: expect.stringMatching(/EROFS.*read-only/),
    });
    await alice.end(tids[0]);
    await expect.poll(() => stage.grants()).toEqual([]);
    await stage.rig.stop();
  });
});
