import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, type Face, ownFace, rtkitFace } from '../rig/caller.ts';
import { commOf, look, looks, tidsOf } from '../rig/kernel.ts';
import { built } from '../rig/paths.ts';
import { standardError } from '../rig/refusals.ts';
import { ask, highPriority, type Request, realtime } from '../rig/request.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { dataOf, Stage } from '../rig/stage.ts';

// What clients of rtkit rely on, line by line as test/contract.ts has it; here those lines that no other test names.

const at = (path: string, name?: string): Face => ({ ...rtkitFace, path, interface: name });
const properties = at(rtkitFace.path, 'org.freedesktop.DBus.Properties');
const introspectable = 'org.freedesktop.DBus.Introspectable';
const bus: Face = { name: 'org.freedesktop.DBus', path: '/', interface: 'org.freedesktop.DBus' };
const values = { RTTimeUSecMax: ['x', 200_000], MaxRealtimePriority: ['i', 20], MinNiceLevel: ['i', -15] } as const;
const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const roundRobin = (priority: number) => ({ policy: 'rr', priority, resetOnFork: true });
const nicely = (nice: number) => ({ policy: 'other', priority: 0, nice, resetOnFork: true });
const refused = (error: string, text: string) => ({
  ok: false,
  error: standardError(error),
  text: expect.stringContaining(text),
});
const denied = refused('AccessDenied', 'Operation not permitted: ');
const busy = refused('AccessDenied', 'Device or resource busy: ');
const commands = ['ResetKnown', 'ResetAll', 'Exit', 'Suspend', 'Resume'];

const get = async (by: Caller, name: string) => by.call(properties, 'Get', 'ss', rtkitFace.name, name);
const xmlOf = async (by: Caller, path: string) =>
  String(dataOf(await by.call(at(path, introspectable), 'Introspect'))[0]);
const granted = async (request: Request) => expect(dataOf(await ask(rtkitFace, request))).toEqual([]);

describe('with the default limits', () => {
  let stage: Stage;
  let alice: Caller;
  let tid: number;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());
  const scene = async () => {
    alice = await stage.caller();
    tid = await alice.thread();
  };

  test('C1 name, object and interface are rtkit’s', async () => {
    await scene();
    expect(dataOf(await alice.call(bus, 'NameHasOwner', 's', rtkitFace.name))).toEqual([true]);
    expect(await xmlOf(alice, '/org/freedesktop/RealtimeKit1')).toContain(
      '<interface name="org.freedesktop.RealtimeKit1">',
    );
  });

  test('C4 property reads wait neither for polkit nor for who waits for it', async () => {
    await scene();
    const bob = await stage.caller('bob');
    await stage.rig.pausePolkit();
    try {
      await alice.send(rtkitFace, 'MakeThreadRealtime', 'tu', tid, 5);
      for (const caller of [alice, bob]) expect(await get(caller, 'RTTimeUSecMax')).toMatchObject({ type: 'v' });
      expect(look(tid)).toMatchObject(ordinary);
    } finally {
      stage.rig.resumePolkit();
    }
    await expect.poll(() => look(tid)).toMatchObject(roundRobin(5));
  });

  test('C6 Introspect tells of what rtkit 0.14 has, and parents of their children', async () => {
    await scene();
    const xml = await xmlOf(alice, rtkitFace.path);
    const inside = /<interface name="org.freedesktop.RealtimeKit1">(.*?)<\/interface>/s.exec(xml)?.[1] ?? '';
    const plain = inside.replaceAll(/<!--.*?-->/gs, '');
    expect([...plain.matchAll(/<method name="(\w+)"/g)].map(([, name]) => name)).toEqual([
      ...['MakeThreadRealtime', 'MakeThreadRealtimeWithPID', 'MakeThreadHighPriority', 'MakeThreadHighPriorityWithPID'],
      ...commands,
    ]);
    expect([...plain.matchAll(/<arg name="(\w+)" type="(\w)"/g)].map(([, ...arg]) => arg.join(' '))).toEqual([
      ...['thread t', 'priority u', 'process t', 'thread t', 'priority u'],
      ...['thread t', 'nice_level i', 'process t', 'thread t', 'nice_level i'],
    ]);
    const told = [...plain.matchAll(/<property name="(\w+)" type="(\w)" access="read"/g)].map(([, ...each]) => each);
    expect(told).toEqual(Object.entries(values).map(([name, [type]]) => [name, type]));
    expect(xml).toContain('<method name="GetAll">');
    for (const [parent, child] of [
      ['/', 'org'],
      ['/org', 'freedesktop'],
      ['/org/freedesktop', 'RealtimeKit1'],
    ] as const)
      expect(await xmlOf(alice, parent)).toContain(`<node name="${child}"/>`);
    expect(await alice.call(at('/', 'org.freedesktop.DBus.Peer'), 'Ping')).toMatchObject({ ok: true });
  });

  test('C7 calls need no interface and no reply; what is not there is said to be unknown', async () => {
    await scene();
    const nameless = at(rtkitFace.path);
    expect(await alice.call(nameless, 'MakeThreadHighPriority', 'ti', tid, -5)).toMatchObject({ ok: true });
    await alice.noreply(nameless, 'MakeThreadRealtime', 'tu', tid, 5);
    await expect.poll(() => look(tid)).toMatchObject(roundRobin(5));
    expect(await alice.call(rtkitFace, 'Nothing')).toMatchObject({ error: standardError('UnknownMethod') });
    expect(await alice.call(at('/nowhere', rtkitFace.name), 'MakeThreadRealtime', 'tu', 0, 5)).toMatchObject({
      error: standardError('UnknownObject'),
    });
  });

  test('C8 C10 each property has its type and its default', async () => {
    await scene();
    for (const [name, [type, data]] of Object.entries(values))
      expect(await get(alice, name)).toMatchObject({ type: 'v', data: [{ type, data }] });
  });

  test('C9 GetAll has all three; other interfaces, and none, are unknown', async () => {
    await scene();
    const all = dataOf(await alice.call(properties, 'GetAll', 's', rtkitFace.name))[0];
    expect(Object.entries(all as object)).toEqual(
      Object.entries(values).map(([name, [type, data]]) => [name, { type, data }]),
    );
    for (const other of ['a.b', ''])
      for (const [member, signature, ...more] of [
        ['GetAll', 's'],
        ['Get', 'ss', 'MinNiceLevel'],
      ] as const)
        expect(await alice.call(properties, member, signature, other, ...more)).toMatchObject(
          refused('UnknownProperty', `Unknown interface ${other}: `),
        );
  });

  test('C11 C12 properties cannot be set, never change, and no signal says that they did', async () => {
    await scene();
    await alice.connect();
    dataOf(await alice.call(bus, 'AddMatch', 's', `path='${rtkitFace.path}'`));
    for (const [name, [type]] of Object.entries(values))
      expect(await stage.root.call(properties, 'Set', 'ssv', rtkitFace.name, name, type, 1)).toMatchObject({
        ok: false,
      });
    await granted(realtime(alice, tid, 5));
    for (const member of ['Suspend', 'Resume', 'ResetKnown']) dataOf(await stage.root.call(rtkitFace, member));
    for (const [name, [, data]] of Object.entries(values))
      expect(await get(alice, name)).toMatchObject({ data: [{ data }] });
    expect((await alice.signals()).filter(({ sender }) => sender !== bus.name)).toEqual([]);
  });

  test('C13 the four methods take tu, ttu, ti and tti', async () => {
    await scene();
    for (const [member, signature, ...args] of [
      ['MakeThreadRealtime', 'tu', tid, 5],
      ['MakeThreadRealtimeWithPID', 'ttu', alice.pid, tid, 6],
      ['MakeThreadHighPriority', 'ti', tid, -5],
      ['MakeThreadHighPriorityWithPID', 'tti', alice.pid, tid, -6],
    ] as const) {
      const other = signature.replace(/.$/, (last) => (last === 'u' ? 'i' : 'u'));
      expect(await alice.call(rtkitFace, member, other, ...args.map(Math.abs))).toMatchObject(
        refused('InvalidArgs', member),
      );
      expect(await alice.call(rtkitFace, member, signature, ...args)).toMatchObject({ ok: true, type: '' });
    }
  });

  test('C14 when the reply comes it is done', async () => {
    await scene();
    for (const priority of [1, 20, 7, 13]) {
      await granted(realtime(alice, tid, priority));
      expect(look(tid)).toMatchObject(roundRobin(priority));
    }
  });

  test('C15 without a process the caller’s own is meant, and its main thread by 0', async () => {
    await scene();
    const other = await stage.caller();
    await granted(realtime(alice, 0, 5));
    await granted(highPriority(alice, tid, -5));
    expect([look(alice.pid), look(tid)]).toMatchObject([roundRobin(5), nicely(-5)]);
    expect(await ask(rtkitFace, realtime(other, tid, 5))).toMatchObject({ error: standardError('Failed') });
  });

  test('C16 another process of the same user may be named, and is the one that is judged', async () => {
    await scene();
    const free = await stage.caller('alice', 'unlimited');
    await granted(realtime(free, tid, 5, alice.pid));
    expect(look(tid)).toMatchObject(roundRobin(5));
    expect(await ask(rtkitFace, realtime(alice, 0, 5, free.pid))).toMatchObject(denied);
  });

  test('C17 nobody may name another user’s, and not even root', async () => {
    await scene();
    for (const user of ['carol', 'root'] as const)
      for (const request of [realtime, highPriority])
        expect(await ask(rtkitFace, request(await stage.caller(user), tid, 1, alice.pid))).toMatchObject(denied);
    expect(look(tid)).toMatchObject(ordinary);
  });

  test('C18 a thread or process that is not there is a failure', async () => {
    await scene();
    const [child, ended] = [await alice.fork(), await alice.thread()];
    await alice.reap(child);
    await alice.end(ended);
    for (const request of [realtime(alice, ended, 5), realtime(alice, 0, 5, child), highPriority(alice, tid, -5, 0)])
      expect(await ask(rtkitFace, request)).toMatchObject(refused('Failed', 'No such file or directory: '));
  });

  test('C19 what cannot be fails, and what is beyond the limit is denied', async () => {
    await scene();
    const invalid = refused('Failed', 'Invalid argument: ');
    for (const priority of [0, 100])
      expect(await ask(rtkitFace, realtime(alice, tid, priority))).toMatchObject(invalid);
    for (const level of [-21, 20]) expect(await ask(rtkitFace, highPriority(alice, tid, level))).toMatchObject(invalid);
    for (const priority of [21, 99]) expect(await ask(rtkitFace, realtime(alice, tid, priority))).toMatchObject(denied);
    for (const level of [-16, -20]) expect(await ask(rtkitFace, highPriority(alice, tid, level))).toMatchObject(denied);
    expect(look(tid)).toMatchObject(ordinary);
  });

  test('C20 C21 C22 realtime is SCHED_RR, nice is nice, both reset on fork; asked again it changes', async () => {
    await scene();
    for (const [request, attributes] of [
      [realtime(alice, tid, 20), roundRobin(20)],
      [realtime(alice, tid, 1), roundRobin(1)],
      [highPriority(alice, tid, -15), nicely(-15)],
      [realtime(alice, tid, 5), roundRobin(5)],
      [highPriority(alice, tid, 0), nicely(0)],
      [highPriority(alice, tid, 19), nicely(19)],
    ] as const) {
      await granted(request);
      expect(look(tid)).toMatchObject(attributes);
      expect((await stage.grants()).length).toBeLessThanOrEqual(1);
    }
    expect(look(alice.pid)).toMatchObject(ordinary);
  });

  test('C23 realtime needs a hard RLIMIT_RTTIME that is finite, long enough to live and no longer than told', async () => {
    for (const [usec, answer] of [
      ['unlimited', denied],
      [200_001, denied],
      [200_000, { ok: true }],
      [10_000, { ok: true }],
      [0, denied],
    ] as const) {
      const caller = await stage.caller('alice', usec);
      expect(await ask(rtkitFace, realtime(caller, await caller.thread(), 5))).toMatchObject(answer);
    }
  });

  test('C26 it is root on the bus, so that polkit answers it about anybody', async () => {
    expect(dataOf(await stage.root.call(bus, 'GetConnectionUnixUser', 's', rtkitFace.name))).toEqual([0]);
  });

  test('C31 a user may have 15 processes, and a process 25 threads of each kind', async () => {
    const callers = await Promise.all(Array.from({ length: 15 }, () => stage.caller()));
    for (const caller of callers) await granted(realtime(caller, 0, 5));
    const [first] = callers as [Caller];
    for (let i = 0; i < 25; i++) {
      await granted(realtime(first, await first.thread(), 5));
      await granted(highPriority(first, await first.thread(), -5));
    }
    expect(await stage.property('ThreadCount')).toBe(65);
  });

  test('C33 C34 what is suspended comes back as it was, and nothing is granted in between', async () => {
    await scene();
    await granted(highPriority(alice, 0, -7));
    await granted(realtime(alice, tid, 7));
    const before = looks([alice.pid, tid]);
    dataOf(await stage.root.call(rtkitFace, 'Suspend'));
    expect(looks([alice.pid, tid])).toMatchObject([ordinary, ordinary]);
    expect(await ask(rtkitFace, realtime(alice, tid, 7))).toMatchObject(busy);
    expect(await stage.grants()).toMatchObject([{ State: 'demoted', Reason: 'suspended' }, { State: 'demoted' }]);
    dataOf(await stage.root.call(rtkitFace, 'Resume'));
    expect(looks([alice.pid, tid])).toEqual(before);
    expect(await stage.grants()).toMatchObject([{ State: 'active' }, { State: 'active' }]);
  });

  test('C35 what is root’s the bus lets nobody else call, without an interface neither', async () => {
    await scene();
    await granted(realtime(alice, tid, 5));
    for (const member of commands)
      for (const name of [rtkitFace.name, undefined])
        for (const destination of [rtkitFace.name, ownFace.name]) {
          const face = { name: destination, path: rtkitFace.path, interface: name };
          expect(await alice.call(face, member)).toMatchObject(refused('AccessDenied', 'Rejected send message'));
        }
    expect(look(tid)).toMatchObject(roundRobin(5));
  });

  test('C36 ResetKnown demotes all that was granted, root’s too, and nothing else', async () => {
    await scene();
    const root = await stage.caller('root');
    await granted(highPriority(alice, 0, -7));
    await granted(realtime(alice, tid, 7));
    await granted(realtime(root, 0, 3));
    expect(dataOf(await stage.root.call(rtkitFace, 'ResetKnown'))).toEqual([]);
    expect(looks([alice.pid, tid, root.pid])).toMatchObject([ordinary, ordinary, ordinary]);
    expect(await stage.grants()).toEqual([]);
  });

  test('C39 the whole daemon is SCHED_RR 1 and may take its time, but not for ever; its watchdog is above all, its canaries are ordinary', async () => {
    const { pid } = stage.broker;
    const threads = looks(tidsOf(pid)).map((thread) => ({ ...thread, comm: commOf(pid, thread.tid) }));
    const ordinaries = threads.filter(({ comm }) => comm.startsWith('canary/') || comm === 'exit waiter');
    const guards = threads.filter(({ comm }) => comm === 'watchdog' || comm === 'scout');
    const others = threads.filter((thread) => !ordinaries.includes(thread) && !guards.includes(thread));
    expect(ordinaries.length).toBeGreaterThan(1);
    expect(guards).toHaveLength(2);
    for (const each of ordinaries) expect(each).toMatchObject(ordinary);
    for (const guard of guards) expect(guard).toMatchObject({ policy: 'rr', priority: 99 });
    expect(others.length).toBeGreaterThan(4);
    const whole = { policy: 'rr', priority: 1, rttimeSoft: 2_000_000, rttimeHard: 15_000_000 };
    for (const other of others) expect(other).toMatchObject(whole);
    expect(await stage.property('Degraded')).toEqual([]);
  });
});

test('C3 it is started by the first call, which is answered within two seconds', async () => {
  const services = ({ address, dir }: { address: string; dir: string }) => {
    writeFileSync(join(dir, 'empty.toml'), '');
    const flags = `--bus ${address} --state-dir ${join(dir, 'state')} --config ${join(dir, 'empty.toml')}`;
    return { [rtkitFace.name]: `${process.execPath} ${built('dist/realtime-brokerd.js')} ${flags}` };
  };
  await using rig: Rig = await startRig({ withPolkit: false, services });
  const reply = await get(await rig.spawnCaller('bob'), 'RTTimeUSecMax');
  expect(reply).toMatchObject({ type: 'v', data: [{ type: 'x', data: 200_000 }] });
  expect(reply.usec).toBeLessThan(2_000_000);
});

test('C28 a polkit that hangs is no reason to leave a call unanswered', async () => {
  const stage = await Stage.start({ 'polkit.timeout_msec': 200 });
  const alice = await stage.caller();
  await stage.rig.pausePolkit();
  expect(await ask(rtkitFace, realtime(alice, 0, 5))).toMatchObject(refused('Failed', 'Input/output error: polkit'));
  stage.rig.resumePolkit();
  await stage.stop();
});

test('C30 a process that is refused again and again costs its user’s others nothing, and 25 requests at once are none too many', async () => {
  const defaults = {
    'burst.process_requests': 32,
    'burst.process_refill_per_sec': 4,
    'burst.user_requests': 64,
    'burst.user_refill_per_sec': 8,
  };
  const stage = await Stage.start(defaults);
  const [pulse, other] = [await stage.caller('alice', 'unlimited'), await stage.caller()];
  // PulseAudio's way down, twice over.
  for (const round of [0, 1])
    for (let priority = 25; priority > 20; priority--)
      expect([round, await ask(rtkitFace, realtime(pulse, 0, priority))]).toMatchObject([round, denied]);
  for (let i = 0; i < 25; i++) await granted(realtime(other, await other.thread(), 5));
  await stage.stop();
});

test('C35 on a bus that lets everything through, the broker itself refuses who is not root', async () => {
  const lax = '<policy context="mandatory"><allow send_type="method_call"/></policy>';
  const stage = await Stage.start({}, { busConfig: lax });
  const alice = await stage.caller();
  await granted(realtime(alice, 0, 5));
  for (const member of commands)
    for (const name of [rtkitFace.name, undefined])
      expect(await alice.call(at(rtkitFace.path, name), member)).toMatchObject({
        ...denied,
        text: expect.stringMatching(`^Operation not permitted: ${member} is for root, and uid 4201 called it\\. `),
      });
  expect(look(alice.pid)).toMatchObject(roundRobin(5));
  await stage.stop();
});

test('C36 Exit replies, demotes all that was granted, and ends with 0', async () => {
  const stage = await Stage.start();
  const alice = await stage.caller();
  await granted(realtime(alice, 0, 5));
  expect(dataOf(await stage.root.call(rtkitFace, 'Exit'))).toEqual([]);
  expect(await stage.broker.exited).toEqual({ code: 0, signal: null });
  expect(look(alice.pid)).toMatchObject(ordinary);
  await stage.stop();
});
