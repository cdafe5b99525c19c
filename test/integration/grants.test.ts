import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { look, looks, tidsOf } from '../rig/kernel.ts';
import { ask, highPriority, type Request, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

/** Two processes of alice's, the one with a worker thread, and the one who asks. */
interface Scene {
  readonly alice: Caller;
  readonly tid: number;
  readonly other: Caller;
}

const roundRobin = (priority: number) => ({ policy: 'rr', priority, nice: 0, resetOnFork: true });
const ordinary = (nice: number) => ({ policy: 'other', priority: 0, nice, resetOnFork: true });

/** What is asked, and whose thread runs how from then on. */
type Row = readonly [
  title: string,
  request: (scene: Scene) => Request,
  meant: (scene: Scene) => number,
  attributes: ReturnType<typeof roundRobin>,
];

const worker = ({ tid }: Scene) => tid;
const leader = ({ alice }: Scene) => alice.pid;

const table: readonly Row[] = [
  ['the highest priority', ({ alice, tid }) => realtime(alice, tid, 20), worker, roundRobin(20)],
  ['the lowest priority', ({ alice, tid }) => realtime(alice, tid, 1), worker, roundRobin(1)],
  ['thread 0, the main thread', ({ alice }) => realtime(alice, 0, 7), leader, roundRobin(7)],
  ['a thread with its pid', ({ alice, tid }) => realtime(alice, tid, 7, alice.pid), worker, roundRobin(7)],
  ['thread 0 with a pid', ({ alice }) => realtime(alice, 0, 7, alice.pid), leader, roundRobin(7)],
  ["another process's worker", ({ alice, tid, other }) => realtime(other, tid, 7, alice.pid), worker, roundRobin(7)],
  ["another process's thread 0", ({ alice, other }) => realtime(other, 0, 7, alice.pid), leader, roundRobin(7)],

  ['the lowest nice', ({ alice, tid }) => highPriority(alice, tid, -15), worker, ordinary(-15)],
  ['nice -1', ({ alice, tid }) => highPriority(alice, tid, -1), worker, ordinary(-1)],
  ['nice for thread 0', ({ alice }) => highPriority(alice, 0, -7), leader, ordinary(-7)],
  ['nice with a pid', ({ alice, tid }) => highPriority(alice, tid, -7, alice.pid), worker, ordinary(-7)],
  ['nice for another process', ({ alice, other }) => highPriority(other, 0, -7, alice.pid), leader, ordinary(-7)],
];

/** On our own face nobody means himself by it: there the methods without a process are. */
const rtkits: readonly Row[] = [
  ['the caller itself as 2^64-1', ({ alice, tid }) => realtime(alice, tid, 7, 2n ** 64n - 1n), worker, roundRobin(7)],
];

const harmless: readonly Row[] = [
  ['nice 0', ({ alice, tid }) => highPriority(alice, tid, 0), worker, ordinary(0)],
  ['nice 5', ({ alice }) => highPriority(alice, 0, 5), leader, ordinary(5)],
  ['nice 19', ({ alice, tid, other }) => highPriority(other, tid, 19, alice.pid), worker, ordinary(19)],
];

for (const face of [ownFace, rtkitFace])
  describe(face.name, () => {
    let stage: Stage;
    let scene: Scene;
    beforeAll(async () => {
      stage = await Stage.start();
    });
    beforeEach(async () => {
      const alice = await stage.caller();
      scene = { alice, tid: await alice.thread(), other: await stage.caller() };
    });
    afterEach(() => stage.clear());
    afterAll(() => stage.stop());

    const granted = async (request: Request) => expect(dataOf(await ask(face, request))).toEqual([]);
    const others = (tid: number) => looks([...tidsOf(scene.alice.pid), scene.other.pid].filter((each) => each !== tid));

    for (const [title, request, meant, attributes] of [...table, ...(face === rtkitFace ? rtkits : []), ...harmless])
      test(`does as asked, for that thread alone: ${title}`, async () => {
        const tid = meant(scene);
        const before = others(tid);
        await granted(request(scene));
        expect(look(tid)).toMatchObject(attributes);
        expect(others(tid)).toEqual(before);
      });

    for (const [title, request, meant, { policy, priority, nice }] of table)
      test(`is in the ledger: ${title}`, async () => {
        await granted(request(scene));
        const { pid, user } = scene.alice;
        const level =
          policy === 'rr' ? { Kind: 'realtime', Priority: priority } : { Kind: 'high-priority', Nice: nice };
        const actual = { ActualPolicy: policy, ActualPriority: policy === 'rr' ? priority : nice };
        const grant = { Uid: user.uid, Process: pid, Thread: meant(scene), Policy: policy, ...level, ...actual };
        expect(await stage.grants()).toEqual([expect.objectContaining({ ...grant, State: 'active', Reason: '' })]);
      });

    for (const [title, request] of harmless)
      test(`is no grant: ${title}`, async () => {
        await granted(request(scene));
        expect(await stage.grants()).toEqual([]);
      });

    test('a further request changes the grant, and is no second one', async () => {
      const { alice, tid } = scene;
      for (const [request, attributes] of [
        [realtime(alice, tid, 5), roundRobin(5)],
        [realtime(alice, tid, 9), roundRobin(9)],
        [highPriority(alice, tid, -5), ordinary(-5)],
        [highPriority(alice, tid, -9), ordinary(-9)],
        [realtime(alice, tid, 3), { ...roundRobin(3), nice: -9 }],
      ] as const) {
        await granted(request);
        expect(look(tid)).toMatchObject(attributes);
        const kinds = (await stage.grants()).map(({ Thread, Policy }) => [Thread, Policy]);
        expect(kinds).toEqual([[tid, attributes.policy]]);
      }
    });

    for (const [title, grant] of [
      ['a realtime thread', realtime],
      ['a high-priority thread', (caller, tid, level) => highPriority(caller, tid, -level)],
    ] as readonly [string, (caller: Caller, tid: number, level: number) => Request][])
      for (const nice of [0, 4])
        test(`nice ${nice} gives the grant of ${title} back`, async () => {
          const { alice, tid } = scene;
          await granted(grant(alice, tid, 5));
          await granted(highPriority(alice, tid, nice));
          expect(look(tid)).toMatchObject(ordinary(nice));
          expect(await stage.grants()).toEqual([]);
        });

    test('C29 a grant outlives the connection it was asked on', async () => {
      const { alice, tid } = scene;
      const { member, signature, args } = realtime(alice, tid, 5);
      expect(await alice.fresh(face, member, signature, ...args)).toMatchObject({ ok: true });
      await granted(highPriority(alice, 0, -5));
      await alice.close();
      expect(await stage.grants()).toHaveLength(2);
      expect([look(tid), look(alice.pid)]).toMatchObject([roundRobin(5), ordinary(-5)]);
    });

    test('children and new threads do not inherit', async () => {
      const { alice } = scene;
      await granted(highPriority(alice, 0, -5));
      await granted(realtime(alice, 0, 5));
      for (const tid of [await alice.fork(), await alice.thread()])
        expect(look(tid)).toMatchObject({ policy: 'other', priority: 0, nice: 0, resetOnFork: false });
    });

    test('a thread that changed itself has drifted, and can ask again', async () => {
      const { alice, tid } = scene;
      await granted(realtime(alice, tid, 5));
      await alice.relax(tid);
      const drifted = { State: 'drifted', Reason: 'left', Priority: 5, ActualPolicy: 'other' };
      expect(await stage.grants()).toMatchObject([{ ...drifted, ActualPriority: 0 }]);
      await granted(realtime(alice, tid, 5));
      expect(await stage.grants()).toMatchObject([{ State: 'active', Reason: '', ActualPolicy: 'rr' }]);
    });

    for (const user of ['alice', 'root'] as const)
      test(`C24 ${user} may set RLIMIT_RTTIME 5 ms after asking`, async () => {
        const caller = await stage.caller(user, 'unlimited');
        const { member, signature, args } = realtime(caller, 0, 5);
        const reply = await caller.lateRttime(5, 200_000, face, member, signature, ...args);
        expect(reply).toMatchObject({ ok: true });
        expect(look(caller.pid)).toMatchObject(roundRobin(5));
      });

    test("root is granted what is root's", async () => {
      const root = await stage.caller('root');
      await granted(realtime(root, 0, 5));
      expect(look(root.pid)).toMatchObject(roundRobin(5));
    });

    test('only what changed is written to the journal', async () => {
      const { alice, tid } = scene;
      const from = stage.broker.lines.length;
      for (const priority of [5, 5, 6, 6]) await granted(realtime(alice, tid, priority));
      await granted(highPriority(alice, tid, 0));
      await stage.broker.line(/gave its grant back/, { from });
      const told = stage.broker.lines.slice(from).map((line) => line.replace(/ \(RTBROKER.*/, ''));
      const who = `info: Thread ${tid} of process ${alice.pid}`;
      expect(told).toEqual([
        `${who} (uid 4201) now runs at realtime priority 5.`,
        `${who} (uid 4201) now runs at realtime priority 6.`,
        `${who} gave its grant back.`,
      ]);
    });
  });

describe('root, for a user whom no rule allows anything', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  for (const [title, request, attributes] of [
    ['realtime', (bob) => realtime(stage.root, 0, 5, bob.pid), roundRobin(5)],
    ['high priority', (bob) => highPriority(stage.root, 0, -5, bob.pid), ordinary(-5)],
  ] as readonly [string, (bob: Caller) => Request, object][])
    test(`gets ${title} on our own face, and not on rtkit's`, async () => {
      const bob = await stage.caller('bob');
      const before = look(bob.pid);
      expect(await ask(rtkitFace, request(bob))).toMatchObject({
        error: 'org.freedesktop.DBus.Error.AccessDenied',
        text: expect.stringContaining("belongs to uid 4202, not to the caller's uid 0"),
      });
      expect(look(bob.pid)).toEqual(before);

      expect(await ask(ownFace, request(bob))).toMatchObject({ ok: true });
      expect(look(bob.pid)).toMatchObject(attributes);
      expect(await stage.grants(bob)).toMatchObject([{ Uid: 4202, Thread: bob.pid }]);
    });
});
