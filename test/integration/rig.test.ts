import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, rtkitFace } from '../rig/caller.ts';
import { hostTid, look } from '../rig/kernel.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import type { UserName } from '../rig/users.ts';

const realtime = 'org.freedesktop.RealtimeKit1.acquire-real-time';
const busFace = { name: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

/** polkitd's CheckAuthorization, asked as root, about a process of that user. */
async function allowed(rig: Rig, user: UserName): Promise<boolean> {
  const { pid, user: owner } = await rig.spawnCaller(user);
  const subject = ['unix-process', '3', 'pid', 'u', pid, 'start-time', 't', 0, 'uid', 'i', owner.uid].map(String);
  const { stdout, stderr } = await rig.busctl([
    ...['--json=short', 'call', 'org.freedesktop.PolicyKit1', '/org/freedesktop/PolicyKit1/Authority'],
    ...['org.freedesktop.PolicyKit1.Authority', 'CheckAuthorization', '(sa{sv})sa{ss}us'],
    ...[...subject, realtime, '0', '0', ''],
  ]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout).data[0][0];
}

const running = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

describe('the bus and polkit', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());

  for (const [user, answer] of [
    ['alice', true],
    ['bob', false],
    ['carol', true],
  ] as const)
    test(`polkitd ${answer ? 'allows' : 'forbids'} realtime to ${user} by the example rule`, async () => {
      expect(await allowed(rig, user)).toBe(answer);
    });

  test('a rule added later counts from then on', async () => {
    const { uid } = rig.users.bob;
    await rig.addRules(`polkit.addRule(function (action, subject) {
      return subject.user === 'bob' ? polkit.Result.YES : polkit.Result.NOT_HANDLED; // ${uid}
    });`);
    expect(await allowed(rig, 'bob')).toBe(true);
  });

  test('a rule that polkitd cannot read is an error', async () => {
    const other = await startRig();
    await expect(other.addRules('polkit.addRule(')).rejects.toThrow(/Error .*02\.rules/);
    await other.stop();
  });

  test('polkitd can be paused, stopped and started', async () => {
    await rig.pausePolkit();
    const waiting = allowed(rig, 'alice');
    await expect(Promise.race([waiting, pause(200)])).resolves.toBe('still waiting');
    rig.resumePolkit();
    expect(await waiting).toBe(true);

    await rig.stopPolkit();
    await expect(allowed(rig, 'alice')).rejects.toThrow();
    await rig.startPolkit();
    expect(await allowed(rig, 'alice')).toBe(true);
  });

  test('busctl and gdbus work as an ordinary user', async () => {
    expect(await rig.busctl(['list', '--no-legend'], 'bob')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('org.freedesktop.PolicyKit1'),
    });
    const call = ['call', '--system', '-d', busFace.name, '-o', busFace.path, '-m', `${busFace.interface}.GetId`];
    expect(await rig.gdbus(call, 'bob')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\('[0-9a-f]{32}',\)/),
    });
  });

  test('nobody may own a name without a policy that says so', async () => {
    const caller = await rig.spawnCaller('alice');
    const reply = await caller.call(busFace, 'RequestName', 'su', rtkitFace.name, 0);
    expect(reply).toMatchObject({ ok: false, error: 'org.freedesktop.DBus.Error.AccessDenied' });
  });

  test('nothing of it is seen outside', () => {
    expect(readdirSync('/etc/polkit-1/rules.d')).not.toContain('01.rules');
    expect(() => look(rig.busPid)).not.toThrow();
  });
});

describe('the caller', () => {
  let rig: Rig;
  let caller: Caller;
  beforeAll(async () => {
    rig = await startRig({ withPolkit: false });
    caller = await rig.spawnCaller('alice');
  });
  afterAll(() => rig.stop());

  test('is who it says, on the word of the bus', async () => {
    const name = await caller.connect();
    expect(await caller.call(busFace, 'GetConnectionUnixUser', 's', name)).toMatchObject({
      ok: true,
      type: 'u',
      data: [4201],
    });
    expect(await caller.call(busFace, 'GetConnectionUnixProcessID', 's', name)).toMatchObject({ data: [caller.pid] });
  });

  test('has threads that come and go', async () => {
    const tid = await caller.thread();
    expect(look(tid)).toMatchObject({ tid, policy: 'other', priority: 0, resetOnFork: false, nice: 0 });
    await caller.end(tid);
    expect(look(tid)).toBeUndefined();
  });

  test('sets its RLIMIT_RTTIME, and cannot raise it again', async () => {
    await caller.rttime(100_000, 200_000);
    expect(look(caller.pid)).toMatchObject({ rttimeSoft: 100_000, rttimeHard: 200_000 });
    await expect(caller.rttime(100_000, 'unlimited')).rejects.toThrow(/EPERM/);
  });

  test('tells errors by name, and what it could not send', async () => {
    const unknown = await caller.fresh(busFace, 'NoSuchMember');
    expect(unknown).toMatchObject({ ok: false, error: 'org.freedesktop.DBus.Error.UnknownMethod' });
    expect(await caller.call(busFace, 'GetId', 't', 'abc')).toMatchObject({ ok: false, error: 'EINVAL' });
  });

  test('calls from many connections at once', async () => {
    const crowd = await caller.crowd(70, 3, busFace, 'GetId');
    expect(crowd).toMatchObject({ granted: 210, errors: {} });
  });

  test('execs, from its leader or from a worker that takes over', async () => {
    const { pid } = caller;
    await caller.exec(await caller.thread());
    await caller.exec();
    expect(await caller.connect()).toMatch(/^:1\./);
    expect(caller.pid).toBe(pid);
  });

  test('has a child that holds none of its connections', async () => {
    const child = await caller.fork();
    const name = await caller.connect();
    await caller.close();
    expect(await caller.fresh(busFace, 'NameHasOwner', 's', name)).toMatchObject({ data: [false] });
    await caller.reap(child);
    expect(running(child)).toBe(false);
  });

  test('goes on in a PID namespace of its own', async () => {
    const inner = await rig.spawnCaller('alice');
    await inner.enterPidNamespace();
    const tid = await inner.thread();
    expect(tid).toBeLessThan(10);
    const outside = hostTid(inner.pid, tid);
    expect(outside).toBeGreaterThan(inner.pid);
    const name = await inner.connect();
    expect(await inner.call(busFace, 'GetConnectionUnixProcessID', 's', name)).toMatchObject({ data: [inner.pid] });
  });
});

describe('guests', () => {
  test('a broker that cannot start is an error that says what it said', async () => {
    await using rig = await startRig({ withPolkit: false });
    await expect(rig.startBroker({ config: 'nonsense = 1\n' })).rejects.toThrow(/ended with 1/);
  });

  test('a second broker is not mistaken for the first', async () => {
    await using rig = await startRig({ withPolkit: false });
    await rig.startBroker();
    await expect(rig.startBroker()).rejects.toThrow(/died at its start/);
  });

  test("rtkit's own daemon makes the data thread of a real PipeWire realtime", async () => {
    const rig = await startRig({ rtkitPolicy: true });
    await rig.startRtkit('--max-realtime-priority=15', '--no-limit-resources');
    const pipewire = await rig.startPipeWire();
    expect(await pipewire.outcome()).toContain('acquired realtime priority 15');
    expect(look(pipewire.dataThread ?? 0)).toMatchObject({ policy: 'rr', priority: 15, resetOnFork: true });
    await rig.stop();
  });

  test('the bus starts what it was told of, and stop() ends that too', async () => {
    const name = rtkitFace.name;
    const services = () => ({ [name]: '/usr/libexec/rtkit-daemon --stderr --no-drop-privileges --no-limit-resources' });
    const rig = await startRig({ rtkitPolicy: true, services });
    const caller = await rig.spawnCaller('bob');
    expect(await caller.call(rtkitFace, 'MakeThreadRealtime', 's', 'wrong')).toMatchObject({ ok: false });
    const owner = await caller.call(busFace, 'GetConnectionUnixProcessID', 's', name);
    const pid = owner.ok ? Number(owner.data[0]) : 0;
    expect(running(pid)).toBe(true);
    await rig.stop();
    expect(running(pid)).toBe(false);
  });
});

test('everything is gone after stop()', async () => {
  const rig = await startRig();
  const callers = await Promise.all([rig.spawnCaller('alice'), rig.spawnCaller('bob')]);
  await rig.pausePolkit();
  const started = [rig.busPid, rig.polkitPid ?? 0, ...callers.map(({ pid }) => pid)];
  expect(started.filter(running)).toHaveLength(4);

  await rig.stop();
  expect(started.filter(running)).toEqual([]);
  expect(existsSync(rig.dir)).toBe(false);
});

const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec, 'still waiting'));
