import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Bystander } from '../rig/bystander.ts';
import { type Argument, type Caller, type Face, ownFace, type Reply, rtkitFace } from '../rig/caller.ts';
import { look, looks, tidsOf } from '../rig/kernel.ts';
import { anonymousMib } from '../rig/memory.ts';
import { Monitor } from '../rig/monitor.ts';
import { Nonsensical } from '../rig/nonsense.ts';
import { standardError } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

let stage: Stage;
let monitor: Monitor;
let witness: Caller;
let bystander: Bystander;
let descriptors: number;
let callsBefore: number;
/** Members that were called with NO_REPLY_EXPECTED. */
const silent: string[] = [];

const faces = [ownFace, rtkitFace];
const properties = (face: Face): Face => ({ ...face, interface: 'org.freedesktop.DBus.Properties' });
const without = ({ name, path }: Face): Face => ({ name, path });
const refused = (name: string) => ({ ok: false, error: standardError(name) });
const openDescriptors = () => readdirSync(`/proc/${stage.broker.pid}/fd`).length;

beforeAll(async () => {
  stage = await Stage.start({ 'polkit.timeout_msec': 20_000 });
  monitor = await Monitor.start(stage.rig);
  dataOf(await ask(ownFace, realtime(await stage.caller(), 0, 5)));
  await stage.clear();
  witness = await stage.rig.spawnCaller('bob');
  descriptors = openDescriptors();
});

beforeEach(() => {
  callsBefore = monitor.calls;
  bystander = new Bystander(witness);
});

/** Whatever was done to it, every call is answered once, nobody waited long, and nothing is left. */
afterEach(async ({ task }) => {
  const { reads, p99Msec, worstMsec } = await bystander.stop();
  stage.rig.resumePolkit();
  await expect.poll(() => monitor.amiss(stage.root)).toEqual({ unanswered: silent, answeredAgain: [] });
  const calls = monitor.calls - callsBefore - reads;
  await stage.clear();
  await expect.poll(openDescriptors, { interval: 5 }).toBe(descriptors);
  expect(stage.faults).toEqual([]);
  console.log(
    `${task.name}: ${calls} calls; a bystander's ${reads} reads took ${p99Msec} ms (p99), ${worstMsec} ms at most;` +
      ` ${descriptors} descriptors before and after`,
  );
});

afterAll(async () => {
  await monitor.stop();
  await stage.stop();
});

for (const face of faces)
  describe(face.name, () => {
    test('has nothing by a name that every JavaScript object has', async () => {
      const alice = await stage.caller();
      const unknownInterface = face === ownFace ? 'UnknownInterface' : 'UnknownMethod';
      for (const name of [
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        '__defineGetter__',
        'emit',
        'then',
      ]) {
        expect(await alice.call(face, name)).toMatchObject(refused('UnknownMethod'));
        expect(await alice.call(without(face), name, 't', 1)).toMatchObject(refused('UnknownMethod'));
        expect(await alice.call(properties(face), name)).toMatchObject(refused('UnknownMethod'));
        const get = await alice.call(properties(face), 'Get', 'ss', face.name, name);
        expect(get).toMatchObject(refused('UnknownProperty'));
        expect(await alice.call({ ...face, interface: `a.${name}` }, 'Ping')).toMatchObject(refused(unknownInterface));
        expect(await alice.call({ ...face, path: `/${name}` }, name)).toMatchObject(refused('UnknownObject'));
      }
    });

    test('lets nobody set anything, whatever it is called and whatever it is to be', async () => {
      const all = async () => dataOf(await stage.root.call(properties(face), 'GetAll', 's', face.name))[0] as object;
      const before = await all();
      const error = (name: string) => (Object.hasOwn(before, name) ? 'PropertyReadOnly' : 'UnknownProperty');
      for (const caller of [await stage.caller(), stage.root])
        for (const name of [...Object.keys(before), '__proto__', 'NoSuchProperty', "''"])
          for (const [type, value] of [
            ['i', 99],
            ['x', -1],
            ['s', 'text'],
            ['b', 1],
          ] as const)
            expect(await caller.call(properties(face), 'Set', 'ssv', face.name, name, type, value)).toMatchObject(
              refused(face === ownFace ? error(name) : 'UnknownMethod'),
            );
      expect(await all()).toEqual(before);
    });

    test('knows what is meant without an interface', async () => {
      const alice = await stage.caller();
      const tid = await alice.thread();
      expect(await alice.call(without(face), 'MakeThreadRealtime', 'tu', tid, 5)).toMatchObject({ ok: true });
      expect(look(tid)).toMatchObject({ policy: 'rr', priority: 5 });
      expect(await alice.call(without(face), 'Get', 'ss', face.name, 'MinNiceLevel')).toMatchObject({ type: 'v' });
      expect(await alice.call(without(face), 'Introspect')).toMatchObject({ type: 's' });
      expect(await alice.call(without(face), 'Ping')).toMatchObject({ type: '' });
      expect(await alice.call(without(face), 'Pong')).toMatchObject(refused('UnknownMethod'));
    });

    test('says nothing to who wants no reply, and does as asked', async () => {
      const alice = await stage.caller();
      const tid = await alice.thread();
      const calls: readonly (readonly [member: string, signature: string, ...args: Argument[]])[] = [
        ['MakeThreadRealtime', 'tu', tid, 5],
        ['MakeThreadRealtime', 'tu', tid, 99],
        ['MakeThreadRealtime', 's', 'x'],
        ['NoSuchMember', ''],
      ];
      for (const [member, signature, ...args] of calls) {
        silent.push(member);
        await alice.noreply(face, member, signature, ...args);
      }
      await expect.poll(() => look(tid)).toMatchObject({ policy: 'rr', priority: 5 });
    });

    test('has members at its own path only', async () => {
      const alice = await stage.caller();
      const other = face === ownFace ? rtkitFace.path : ownFace.path;
      for (const path of ['/', '/org', `${face.path}/x`, other, '/x', `/${'x'.repeat(1000)}`]) {
        const reply = await alice.call({ ...face, path }, 'MakeThreadRealtime', 'tu', 0, 5);
        expect(reply).toMatchObject({ ok: false, error: expect.stringMatching(/\.Unknown(Object|Interface|Method)$/) });
        const peer = { ...face, path, interface: 'org.freedesktop.DBus.Peer' };
        expect(await alice.call(peer, 'Ping')).toMatchObject({ ok: true });
      }
    });

    test('turns 16 MB away, whatever for, and serves others meanwhile', async () => {
      const [alice, carol] = [await stage.caller('alice'), await stage.caller('carol')];
      for (const [target, member, signature, ...args] of [
        [face, 'MakeThreadRealtime', 'ay', huge],
        [face, 'MakeThreadHighPriorityWithPID', 'ttis', 0, 0, 0, huge],
        [properties(face), 'Get', 'ss', face.name, huge],
        [without(face), 'Introspect', 'ay', huge],
        [face, 'NoSuchMember', 's', huge],
      ] as readonly [Face, string, string, ...Argument[]][]) {
        const turnedAway = alice.call(target, member, signature, ...args);
        expect(await carol.call(properties(face), 'Get', 'ss', face.name, 'MinNiceLevel')).toMatchObject({ ok: true });
        expect(await turnedAway).toMatchObject(refused('LimitsExceeded'));
        expect(await ask(face, realtime(carol, 0, 5))).toMatchObject({ ok: true });
      }
    });
  });

/** So many bytes. */
const huge = `*${2 ** 24}`;

describe('callers who leave while polkit is asked', () => {
  /** So many of alice's, who have asked for realtime and not been answered. */
  const asking = async (count: number): Promise<Caller[]> => {
    const watcher = await stage.caller();
    await stage.rig.pausePolkit();
    const callers = await Promise.all(Array.from({ length: count }, () => stage.caller()));
    await Promise.all(callers.map((caller, index) => caller.send(faces[index % 2]!, 'MakeThreadRealtime', 'tu', 0, 5)));
    const held = async () => (await stage.limits(watcher)).RealtimeThreadsUsed;
    await expect.poll(held, { interval: 5 }).toBe(count);
    return callers;
  };

  const leave = async (callers: readonly Caller[], how: (caller: Caller) => Promise<void>) => {
    const names = await Promise.all(callers.map((caller) => caller.connect()));
    await Promise.all(callers.map(how));
    await monitor.amiss(stage.root);
    for (const name of names) monitor.forget(name);
  };

  test('are forgotten when they die', async () => {
    const callers = await asking(20);
    await leave(callers, async (caller) => {
      caller.kill();
      await caller.exited;
    });
    stage.rig.resumePolkit();
    const used = async () => (await stage.limits(await stage.caller())).RealtimeThreadsUsed;
    await expect.poll(used).toBe(0);
    expect(await stage.grants()).toEqual([]);
  });

  test('are in the ledger if they live on without a connection', async () => {
    const callers = await asking(20);
    await leave(callers, (caller) => caller.close());
    stage.rig.resumePolkit();
    const realtimeNow = () => looks(callers.flatMap(({ pid }) => tidsOf(pid))).filter(({ policy }) => policy === 'rr');
    await expect.poll(async () => (await stage.grants()).length).toBe(20);
    expect((await stage.grants()).map(({ Thread }) => Thread).sort()).toEqual(
      realtimeNow()
        .map(({ tid }) => tid)
        .sort(),
    );
  });

  test('keep nobody from reading, or from what needs no polkit', async () => {
    await asking(20);
    const carol = await stage.caller('carol');
    expect(await carol.call(properties(ownFace), 'GetAll', 's', ownFace.name)).toMatchObject({ ok: true });
    expect(await ask(rtkitFace, realtime(carol, 0, 99))).toMatchObject(refused('AccessDenied'));
    // Not the root who stays: the broker would hold his process.
    expect(await ask(ownFace, realtime(await stage.caller('root'), 0, 5, carol.pid))).toMatchObject({ ok: true });
  });

  test('may not be too many, and only their own user pays', async () => {
    const [alice, carol] = [await stage.caller(), await stage.caller('carol')];
    await stage.rig.pausePolkit();
    for (let call = 0; call < 80; call++) await alice.send(ownFace, 'MakeThreadRealtime', 'tu', 0, 5);
    expect(await alice.call(ownFace, 'GetLimits')).toMatchObject(refused('LimitsExceeded'));
    expect(await carol.call(ownFace, 'GetLimits')).toMatchObject({ ok: true });
  });
});

test('10 000 connections opened and dropped leave nothing', { timeout: 120_000 }, async () => {
  const alice = await stage.caller();
  const crowd = (round: number) => {
    const face = faces[round % 2]!;
    return round % 4 < 2
      ? alice.crowd(200, 1, face, 'MakeThreadHighPriority', 'ti', 0, -5)
      : alice.crowd(200, 1, face, 'MakeThreadRealtime', 'tu', 0, 5);
  };
  const crowds = async () => {
    for (let round = 0; round < 25; round++) expect(await crowd(round)).toMatchObject({ granted: 200, errors: {} });
  };
  const held = () => anonymousMib(stage.broker.pid);
  // The first half warms the heap up. What of the second is garbage lies about until V8 finds time for it.
  await crowds();
  const warm = held();
  await crowds();
  await expect.poll(() => held() - warm, { timeout: 45_000, interval: 250 }).toBeLessThan(15);
});

describe('nonsense', () => {
  const names =
    /^org\.(example\.RealtimeBroker\.Error\.[A-Za-z]+|freedesktop\.DBus\.Error\.(Unknown(Object|Interface|Method|Property)|InvalidArgs|PropertyReadOnly|AccessDenied|Failed))$/;
  const secrets = /internal error|\.js\b|\.ts\b|node:|\/dist\/|^ *at /m;

  for (const [seed, user] of [
    [1, 'alice'],
    [2, 'bob'],
    [3, 'alice'],
    [4, 'carol'],
  ] as const)
    test(`of ${user}'s, seed ${seed}: 1000 calls are answered, and nobody learns what is none of his business`, async () => {
      const caller = await stage.caller(user);
      const other = await stage.caller('bob');
      const nonsense = new Nonsensical(seed, [caller.pid, await caller.thread(), other.pid, await other.thread()]);
      const before = looks(tidsOf(other.pid));
      const outcomes = new Map<string, number>();
      for (let round = 0; round < 1000; round++) {
        const call = nonsense.next();
        const reply: Reply = await caller.call(call.face, call.member, call.signature, ...call.args);
        const outcome = reply.ok ? 'ok' : reply.error;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (!reply.ok) expect({ call, error: reply.error }).toMatchObject({ error: expect.stringMatching(names) });
        if (!reply.ok) expect({ call, text: reply.text }).not.toMatchObject({ text: expect.stringMatching(secrets) });
      }
      expect(outcomes.size).toBeGreaterThan(5);
      if (user !== 'bob') expect(looks(tidsOf(other.pid))).toEqual(before);
    });
});

test('a broker out of descriptors says so, serves on, and is itself again when threads end', async () => {
  const poor = await Stage.start({}, {}, { under: ['prlimit', '--nofile=64:64'] });
  const [alice, bob] = [await poor.caller('alice'), await poor.caller('bob')];
  const tids: number[] = [];
  let reply: Reply;
  do {
    tids.push(await alice.thread());
    reply = await ask(ownFace, realtime(alice, tids.at(-1)!, 5));
  } while (reply.ok);

  const text = /The kernel refused \w+ with EMFILE\. .*LimitNOFILE/;
  expect(reply).toMatchObject({ error: `${ownFace.name}.Error.KernelRefused`, text: expect.stringMatching(text) });
  const other = await ask(rtkitFace, highPriority(alice, 0, -5));
  expect(other).toMatchObject({
    ...refused('Failed'),
    text: expect.stringMatching(/^Too many open files: The kernel/),
  });
  expect(look(tids.at(-1)!)).toMatchObject({ policy: 'other' });
  expect(await poor.grants(alice)).toHaveLength(tids.length - 1);
  expect(await bob.call(properties(rtkitFace), 'GetAll', 's', rtkitFace.name)).toMatchObject({ ok: true });

  for (const tid of tids) await alice.end(tid);
  await expect.poll(() => ask(ownFace, realtime(alice, 0, 5))).toMatchObject({ ok: true });
  await poor.clear();
  await poor.stop();
});
