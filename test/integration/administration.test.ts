import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { Ear } from '../rig/ear.ts';
import { look } from '../rig/kernel.ts';
import { expectRefused, standardError } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, plain, Stage } from '../rig/stage.ts';

/** carol may look at everybody's, and bob may do whatever he likes once he has typed his password. */
const rules = `polkit.addRule(function (action, subject) {
  if (action.id === 'org.example.RealtimeBroker.inspect' && subject.user === 'carol') return polkit.Result.YES;
  if (!/^org.example.RealtimeBroker.(inspect|manage)$/.test(action.id)) return polkit.Result.NOT_HANDLED;
  return subject.user === 'bob' ? polkit.Result.AUTH_SELF : polkit.Result.NO;
});`;

const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const interactionRequired = standardError('InteractiveAuthorizationRequired');

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
  await stage.rig.addRules(rules);
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** alice, and a worker thread of hers that is realtime. */
const granted = async (priority = 5) => {
  const alice = await stage.caller('alice');
  const tid = await alice.thread();
  dataOf(await ask(ownFace, realtime(alice, tid, priority)));
  return { alice, tid, ids: [alice.pid, tid] as const };
};
const threadsFor = async (by: Caller) => (await stage.grants(by)).map(({ Thread }) => Thread);

describe('everybody’s grants', () => {
  test('are listed for who may inspect, for root, and for nobody else', async () => {
    const { alice, tid } = await granted();
    const [bob, carol] = [await stage.caller('bob'), await stage.caller('carol')];
    expect(await threadsFor(stage.root)).toEqual([tid]);
    expect(await threadsFor(carol)).toEqual([tid]);
    expect(await threadsFor(alice)).toEqual([tid]);
    expect(await threadsFor(bob)).toEqual([]);
  });

  test('are told to a subscriber who may inspect', async () => {
    const [bob, carol] = [
      await Ear.subscribed(await stage.caller('bob')),
      await Ear.subscribed(await stage.caller('carol')),
    ];
    const { alice, tid, ids } = await granted();
    dataOf(await alice.call(ownFace, 'ReleaseThread', 'tt', ...ids));
    expect(await carol.said()).toEqual([`GrantAdded ${tid}`, `GrantRemoved ${tid}`]);
    expect(await bob.said()).toEqual([]);
  });
});

describe('Explain', () => {
  const explained = async (by: Caller, pid: number, tid: number, priority = 5) =>
    dataOf(await by.call(ownFace, 'Explain', 'ttu', pid, tid, priority));

  test('says what a request would be told, and changes nothing', async () => {
    const alice = await stage.caller('alice');
    const tid = await alice.thread();
    const before = await stage.snapshot(alice);
    expect(await explained(alice, alice.pid, tid)).toEqual([true, '', '']);
    for (const [priority, reason] of [
      [21, 'priority-above-limit'],
      [0, 'invalid-priority'],
    ] as const) {
      const reply = await ask(ownFace, realtime(alice, tid, priority));
      expect(reply.ok).toBe(false);
      expect(await explained(alice, alice.pid, tid, priority)).toEqual([false, reason, 'text' in reply && reply.text]);
    }
    expect(await stage.snapshot(alice)).toEqual(before);
    expect(look(tid)).toMatchObject(ordinary);
  });

  test('reads RLIMIT_RTTIME and asks polkit as it is now', async () => {
    const [alice, bob] = [await stage.caller('alice', 'unlimited'), await stage.caller('bob')];
    expect(await explained(alice, alice.pid, 0)).toMatchObject([
      false,
      'rttime-unset',
      expect.stringMatching(/setrlimit/),
    ]);
    await alice.rttime(200_000, 200_000);
    expect(await explained(alice, alice.pid, 0)).toEqual([true, '', '']);
    expect(await explained(bob, bob.pid, 0)).toMatchObject([
      false,
      'not-authorized',
      expect.stringMatching(/acquire-real-time/),
    ]);
  });

  test('is about anybody for root and for who may inspect, and about his own for everybody else', async () => {
    const { alice, tid, ids } = await granted();
    const [bob, carol] = [await stage.caller('bob'), await stage.caller('carol')];
    for (const by of [stage.root, carol, alice]) expect(await explained(by, alice.pid, tid)).toEqual([true, '', '']);
    expect(await explained(stage.root, bob.pid, 0)).toMatchObject([
      false,
      'not-authorized',
      expect.stringMatching(/uid 4202/),
    ]);
    expect(await bob.call(ownFace, 'Explain', 'ttu', ...ids, 5)).toMatchObject({
      ok: false,
      error: interactionRequired,
    });
    expectRefused(await alice.call(ownFace, 'Explain', 'ttu', bob.pid, 0, 5), ownFace, 'NotAuthorized', 'inspect');
  });

  test('of no such thread is an error', async () => {
    const alice = await stage.caller('alice');
    for (const ids of [
      [alice.pid, 4_000_000],
      [4_000_000, 0],
      [0, 0],
      [2n ** 63n, 2n ** 63n],
    ] as const)
      expectRefused(await alice.call(ownFace, 'Explain', 'ttu', ...ids, 5), ownFace, 'NoSuchThread', '');
  });
});

describe('ReleaseThread', () => {
  test('puts a thread back to what it was before all its grants', async () => {
    const alice = await stage.caller('alice');
    const tid = await alice.thread();
    dataOf(await ask(rtkitFace, highPriority(alice, tid, -11)));
    dataOf(await ask(rtkitFace, realtime(alice, tid, 20)));
    dataOf(await alice.call(ownFace, 'ReleaseThread', 'tt', alice.pid, tid));
    expect(look(tid)).toMatchObject(ordinary);
    expect(await stage.grants()).toEqual([]);
    expect(stage.journalOf(tid).at(-1)).toMatch(
      /was released by uid 4201 .*RTBROKER_REASON=released .*RTBROKER_BY_UID=4201/,
    );
    expectRefused(
      await alice.call(ownFace, 'ReleaseThread', 'tt', alice.pid, tid),
      ownFace,
      'NoSuchThread',
      'has no grant',
    );
  });

  test('is not for others without leave', async () => {
    const { tid, ids } = await granted();
    const [bob, carol] = [await stage.caller('bob'), await stage.caller('carol')];
    expectRefused(await carol.call(ownFace, 'ReleaseThread', 'tt', ...ids), ownFace, 'NotAuthorized', 'manage');
    expect(await bob.call(ownFace, 'ReleaseThread', 'tt', ...ids)).toMatchObject({
      ok: false,
      error: interactionRequired,
    });
    expect(look(tid)).toMatchObject({ policy: 'rr' });
    dataOf(await stage.root.call(ownFace, 'ReleaseThread', 'tt', ...ids));
    expect(look(tid)).toMatchObject(ordinary);
  });
});

describe('who may manage', () => {
  test('demotes one thread, and the journal names him', async () => {
    const { alice, tid, ids } = await granted();
    const ear = await Ear.subscribed(alice);
    dataOf(await stage.root.call(ownFace, 'DemoteThread', 'tt', ...ids));
    expect(look(tid)).toMatchObject(ordinary);
    expect((await ear.all()).at(-1)).toMatchObject({
      member: 'GrantRemoved',
      data: [expect.anything(), 'administrator'],
    });
    expect(stage.journalOf(tid).at(-1)).toMatch(
      new RegExp(`demoted by uid 0 \\(process ${stage.root.pid}\\): administrator.*RTBROKER_BY_PID=${stage.root.pid}`),
    );
    expectRefused(
      await stage.root.call(ownFace, 'DemoteThread', 'tt', ...ids),
      ownFace,
      'NoSuchThread',
      'has no grant',
    );
  });

  test('demotes all', async () => {
    const threads = [await granted(), await granted(7)];
    expectRefused(await threads[0]!.alice.call(ownFace, 'DemoteAll'), ownFace, 'NotAuthorized', 'manage');
    expect(await stage.property('ThreadCount')).toBe(2);
    dataOf(await stage.root.call(ownFace, 'DemoteAll'));
    for (const { tid } of threads) expect(look(tid)).toMatchObject(ordinary);
    expect(await stage.property('ThreadCount')).toBe(0);
  });

  test('is not the owner, and not who only may inspect', async () => {
    const { alice, tid, ids } = await granted();
    for (const by of [alice, await stage.caller('carol')])
      expectRefused(await by.call(ownFace, 'DemoteThread', 'tt', ...ids), ownFace, 'NotAuthorized', 'manage');
    expect(look(tid)).toMatchObject({ policy: 'rr' });
  });
});

test('anybody may know what has happened since the start', async () => {
  const statistics = async () => {
    const [shown] = dataOf(await (await stage.caller('bob')).call(ownFace, 'GetStatistics'));
    return plain(shown) as Record<string, Record<string, number>>;
  };
  const before = await statistics();
  const { alice, ids } = await granted();
  await ask(ownFace, realtime(alice, 0, 99));
  dataOf(await stage.root.call(ownFace, 'DemoteThread', 'tt', ...ids));
  const after = await statistics();
  for (const [table, word] of [
    ['Grants', 'realtime'],
    ['Refusals', 'priority-above-limit'],
    ['Removals', 'administrator'],
  ] as const)
    expect((after[table]?.[word] ?? 0) - (before[table]?.[word] ?? 0), word).toBe(1);
  expect(after.CanaryLatenessBoundsUSec).toEqual(Array.from({ length: 11 }, (_, power) => 1000 * 2 ** power));
  expect(after.CanaryLateness).toHaveLength(12);
  expect(after.CanaryLatenessSumUSec).toEqual(expect.any(Number));
});

describe('without polkit', () => {
  test('everybody has his own, root everything, and others are told', async () => {
    const { alice, tid, ids } = await granted();
    const carol = await stage.caller('carol');
    await stage.rig.stopPolkit();
    expect(await threadsFor(alice)).toEqual([tid]);
    expect(await threadsFor(carol)).toEqual([]);
    expectRefused(await carol.call(ownFace, 'DemoteThread', 'tt', ...ids), ownFace, 'AuthorityUnavailable', 'polkitd');
    expect(dataOf(await alice.call(ownFace, 'Explain', 'ttu', ...ids, 5))).toMatchObject([
      false,
      'authority-unavailable',
      expect.stringContaining('polkitd'),
    ]);
    dataOf(await stage.root.call(ownFace, 'DemoteAll'));
    expect(look(tid)).toMatchObject(ordinary);
    await stage.rig.startPolkit();
  });
});
