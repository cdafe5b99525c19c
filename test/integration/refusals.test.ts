import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { putWithoutRealtime } from '../rig/cgroup.ts';
import { type Need, rtGroupSched } from '../rig/needs.ts';
import { expectRefused, type Reason, reasons } from '../rig/refusals.ts';
import { ask, highPriority, type Request, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

/** alice may have realtime, and has one ordinary thread. */
interface Scene {
  readonly stage: Stage;
  readonly alice: Caller;
  readonly tid: number;
}

/** What is wrong, in which words of the answer ("FACE" is the face's name), and a request that is refused for it. */
type Row = readonly [title: string, words: string, provoke: (scene: Scene) => Request | Promise<Request>];

interface Chapter {
  readonly title: string;
  readonly start: () => Promise<Stage>;
  readonly afterEach?: (stage: Stage) => Promise<void> | void;
  /** What a machine may lack. */
  readonly needs?: Need;
  readonly rows: Partial<Record<Reason, readonly Row[]>>;
}

const chapters: readonly Chapter[] = [
  {
    title: 'with the default limits',
    start: () => Stage.start(),
    rows: {
      NotAuthorized: [
        [
          'realtime without leave',
          'allow FACE.acquire-real-time to process \\d+ of uid 4202',
          async ({ stage }) => realtime(await stage.caller('bob'), 0, 5),
        ],
        [
          'high priority without leave',
          'allow FACE.acquire-high-priority to process',
          async ({ stage }) => highPriority(await stage.caller('bob'), 0, -5),
        ],
        [
          'nice 5 without leave',
          'allow FACE.acquire-high-priority to process',
          async ({ stage }) => highPriority(await stage.caller('bob'), 0, 5),
        ],
      ],
      NotYourProcess: [
        [
          "another user's process",
          "belongs to uid 4202, not to the caller's uid 4201",
          async ({ stage, alice }) => realtime(alice, 0, 5, (await stage.caller('bob')).pid),
        ],
        [
          "root's process",
          "belongs to uid 0, not to the caller's uid 4201",
          ({ alice }) => highPriority(alice, 0, -5, 1),
        ],
        [
          'a process that can become root again',
          'belongs to uid 4201/0',
          async ({ stage }) => realtime(await formerRoot(stage), 0, 5),
        ],
        [
          'the same, of which another speaks',
          'belongs to uid 4201/0',
          async ({ stage, alice }) => highPriority(alice, 0, -5, (await formerRoot(stage)).pid),
        ],
        [
          'the same, of which root speaks',
          'belongs to uid 4201/0',
          async ({ stage }) => highPriority(stage.root, 0, -5, (await formerRoot(stage)).pid),
        ],
      ],
      NoSuchThread: [
        [
          'a thread that has ended',
          'Process \\d+ has no thread \\d+',
          async ({ alice, tid }) => {
            await alice.end(tid);
            return realtime(alice, tid, 5);
          },
        ],
        [
          'a process that has ended',
          'There is no process \\d+',
          async ({ alice }) => {
            const pid = await alice.fork();
            await alice.reap(pid);
            return highPriority(alice, 0, -5, pid);
          },
        ],
        [
          "another process's thread",
          'Process \\d+ has no thread \\d+',
          async ({ stage, tid }) => realtime(await stage.caller(), tid, 5),
        ],
        [
          "another process's thread, with a pid",
          'Process \\d+ has no thread',
          async ({ stage, alice, tid }) => highPriority(alice, tid, -5, (await stage.caller()).pid),
        ],
        [
          'a worker thread for a process',
          'is a thread of process \\d+, not a process',
          ({ alice, tid }) => realtime(alice, 0, 5, tid),
        ],
        ['a thread id of 33 bits', 'No thread can have the id', ({ alice, tid }) => realtime(alice, tid + 2 ** 32, 5)],
        ['a process id of 33 bits', 'No process can', ({ alice, tid }) => realtime(alice, tid, 5, alice.pid + 2 ** 32)],
        [
          'the largest thread id',
          'No thread can have the id 18446744073709551615',
          ({ alice }) => realtime(alice, 2n ** 64n - 1n, 5),
        ],
        [
          'the first id beyond all',
          'No thread can have the id 4194304',
          ({ alice }) => highPriority(alice, 2 ** 22, -5),
        ],
        ['process 0', 'No process can have the id 0', ({ alice, tid }) => highPriority(alice, tid, -5, 0)],
      ],
      InvalidPriority: [
        ['priority 0', '0 is no realtime priority', ({ alice, tid }) => realtime(alice, tid, 0)],
        ['priority 100', '100 is no realtime priority', ({ alice, tid }) => realtime(alice, tid, 100)],
        ['the largest priority', '4294967295 is no', ({ alice, tid }) => realtime(alice, tid, 2 ** 32 - 1, alice.pid)],
        ['nice 20', '20 is no nice level', ({ alice, tid }) => highPriority(alice, tid, 20)],
        ['nice -21', '-21 is no nice level', ({ alice, tid }) => highPriority(alice, tid, -21, alice.pid)],
        ['the lowest nice', '-2147483648 is no nice', ({ alice, tid }) => highPriority(alice, tid, -(2 ** 31))],
        [
          'priority 0 for a granted thread',
          '0 is no realtime priority',
          async ({ alice, tid }) => realtime(alice, await granted(realtime(alice, tid, 5)), 0),
        ],
      ],
      PriorityAboveLimit: [
        ['priority 21', 'Priority 21 is above the limit of 20', ({ alice, tid }) => realtime(alice, tid, 21)],
        [
          'priority 99',
          'Priority 99 is above the limit of 20',
          ({ alice, tid }) => realtime(alice, tid, 99, alice.pid),
        ],
        ['priority 21 for root', 'Priority 21 is above', ({ stage }) => realtime(stage.root, 0, 21)],
        [
          'priority 21 for a granted thread',
          'Priority 21 is above',
          async ({ alice, tid }) => realtime(alice, await granted(realtime(alice, tid, 20)), 21),
        ],
      ],
      NiceBelowLimit: [
        ['nice -16', 'Nice level -16 is below the limit of -15', ({ alice, tid }) => highPriority(alice, tid, -16)],
        ['nice -20', 'Nice level -20 is below', ({ alice, tid }) => highPriority(alice, tid, -20, alice.pid)],
        [
          'nice -16 for a granted thread',
          'Nice level -16 is below',
          async ({ alice, tid }) => highPriority(alice, await granted(highPriority(alice, tid, -15)), -16),
        ],
      ],
      RTTimeUnset: [
        [
          'no limit',
          'Process \\d+ has no hard RLIMIT_RTTIME',
          async ({ stage }) => realtime(await stage.caller('alice', 'unlimited'), 0, 5),
        ],
        [
          'a soft limit alone',
          'Process \\d+ has no hard RLIMIT_RTTIME',
          async ({ stage }) => {
            const caller = await stage.caller('alice', 'unlimited');
            await caller.rttime(100_000, 'unlimited');
            return realtime(caller, 0, 5);
          },
        ],
        [
          'no limit of the process meant',
          'has no hard RLIMIT_RTTIME',
          async ({ stage, alice }) => realtime(alice, 0, 5, (await stage.caller('alice', 'unlimited')).pid),
        ],
      ],
      RTTimeAboveLimit: [
        [
          '200 001 us',
          'a hard RLIMIT_RTTIME of 200001 us, above the limit of 200000 us',
          async ({ stage }) => realtime(await stage.caller('alice', 200_001), 0, 5),
        ],
      ],
      RTTimeTooLow: [
        ['0 us', 'of 0 us; below 10000 us', async ({ stage }) => realtime(await stage.caller('alice', 0), 0, 5)],
        ['9 999 us', 'of 9999 us; below', async ({ stage }) => realtime(await stage.caller('alice', 9999), 0, 5)],
      ],
    },
  },
  {
    title: 'with small limits',
    start: () =>
      Stage.start({
        'limits.realtime_threads_per_user_max': 3,
        'limits.realtime_threads_per_process_max': 2,
        'limits.high_priority_threads_per_user_max': 3,
        'limits.high_priority_threads_per_process_max': 2,
        'limits.processes_per_user_max': 2,
        'limits.users_max': 2,
      }),
    rows: {
      ThreadLimit: [
        [
          'a third realtime thread',
          'This process already has all 2 realtime threads',
          async ({ alice, tid }) => {
            await holding(alice, 2);
            return realtime(alice, tid, 5);
          },
        ],
        [
          'a third high-priority thread',
          'This process already has all 2 high-priority',
          async ({ alice, tid }) => {
            await holding(alice, 2);
            return highPriority(alice, tid, -5, alice.pid);
          },
        ],
        [
          "the user's fourth realtime thread",
          'This user already has all 3 realtime',
          async ({ stage, alice, tid }) => {
            await holding(alice, 1);
            await holding(await stage.caller(), 2);
            return realtime(alice, tid, 5);
          },
        ],
        [
          "the user's fourth high-priority thread",
          'This user already has all 3 high',
          async ({ stage, alice, tid }) => {
            await holding(alice, 1);
            await holding(await stage.caller(), 2);
            return highPriority(alice, tid, -5);
          },
        ],
      ],
      ProcessLimit: [
        [
          'a third process',
          'granted threads in all 2 processes',
          async ({ stage, alice, tid }) => {
            await holding(await stage.caller(), 1);
            await holding(await stage.caller(), 1);
            return realtime(alice, tid, 5);
          },
        ],
      ],
      UserLimit: [
        [
          'a third user',
          'Threads of all 2 users',
          async ({ stage, alice }) => {
            await holding(alice, 1);
            await holding(await stage.caller('carol'), 1);
            return highPriority(await stage.caller('root'), 0, -5);
          },
        ],
      ],
    },
  },
  {
    title: 'with small buckets for processes',
    start: () => Stage.start({ 'burst.process_requests': 2, 'burst.process_refill_per_sec': 1 }),
    rows: {
      Burst: [
        [
          'a third request of a process',
          'This process asks too often. Ask again in (0\\.\\d|1\\.0) s',
          async ({ alice, tid }) => {
            await holding(alice, 1);
            return realtime(alice, tid, 5);
          },
        ],
        [
          'a third request that would be refused anyway',
          'This process asks too often',
          async ({ alice, tid }) => {
            await holding(alice, 1);
            return realtime(alice, tid, 0);
          },
        ],
      ],
    },
  },
  {
    title: 'with small buckets for users',
    start: () => Stage.start({ 'burst.user_requests': 2, 'burst.user_refill_per_sec': 1 }),
    rows: {
      Burst: [
        [
          "a user's third request",
          'This user asks too often. Ask again in (0\\.\\d|1\\.0) s',
          async ({ stage, alice, tid }) => {
            await holding(await stage.caller(), 1);
            return realtime(alice, tid, 5);
          },
        ],
      ],
    },
  },
  {
    title: 'without polkit',
    start: () => Stage.start({}, { withPolkit: false }),
    rows: {
      AuthorityUnavailable: [
        ['realtime', 'polkit could not be asked: it does not run', ({ alice, tid }) => realtime(alice, tid, 5)],
        ['high priority', 'polkit could not be asked', ({ alice, tid }) => highPriority(alice, tid, -5, alice.pid)],
      ],
    },
  },
  {
    title: 'when polkit ends',
    start: () => Stage.start(),
    afterEach: (stage) => stage.rig.startPolkit(),
    rows: {
      AuthorityUnavailable: [
        [
          'a request',
          'polkit could not be asked: it does not run',
          async ({ stage, alice, tid }) => {
            await stage.rig.stopPolkit();
            return realtime(alice, tid, 5);
          },
        ],
        [
          'another priority for a granted thread',
          'polkit could not be asked',
          async ({ stage, alice, tid }) => {
            await granted(realtime(alice, tid, 5));
            await stage.rig.stopPolkit();
            return realtime(alice, tid, 6);
          },
        ],
      ],
    },
  },
  {
    title: 'when polkit stands still',
    start: () => Stage.start({ 'polkit.timeout_msec': 500 }),
    afterEach: (stage) => stage.rig.resumePolkit(),
    rows: {
      AuthorityUnavailable: [
        [
          'a request',
          'polkit could not be asked: it did not answer within 0.5 s',
          async ({ stage, alice, tid }) => {
            await stage.rig.pausePolkit();
            return realtime(alice, tid, 5);
          },
        ],
        [
          'high priority for a realtime thread',
          'it did not answer',
          async ({ stage, alice, tid }) => {
            await granted(realtime(alice, tid, 5));
            await stage.rig.pausePolkit();
            return highPriority(alice, tid, -5);
          },
        ],
      ],
    },
  },
  {
    title: 'without CAP_SYS_NICE',
    start: () => Stage.start({}, {}, { under: ['setpriv', '--bounding-set', '-sys_nice'] }),
    rows: {
      KernelRefused: [
        [
          'realtime',
          'refused sched_setattr with EPERM. The broker lacks CAP_SYS_NICE',
          ({ alice, tid }) => realtime(alice, tid, 5),
        ],
        ['high priority', 'refused sched_setattr with EPERM', ({ alice, tid }) => highPriority(alice, tid, -5)],
      ],
    },
  },
  {
    title: 'in a control group without realtime',
    start: () => Stage.start(),
    needs: rtGroupSched,
    rows: {
      KernelRefused: [
        [
          'realtime',
          'with EPERM. Its control group has no realtime budget .RT_GROUP_SCHED.',
          async ({ alice, tid }) => {
            putWithoutRealtime(alice.pid);
            return realtime(alice, tid, 5);
          },
        ],
      ],
    },
  },
];

/** @returns the thread, granted now */
async function granted(request: Request): Promise<number> {
  dataOf(await ask(ownFace, request));
  return Number(request.args.at(-2));
}

/** The caller is granted so many threads of each kind. */
async function holding(caller: Caller, threads: number): Promise<void> {
  for (let thread = 0; thread < threads; thread++) {
    await granted(realtime(caller, await caller.thread(), 5));
    await granted(highPriority(caller, await caller.thread(), -5));
  }
}

/** It has alice's uids, but for the saved one. */
async function formerRoot(stage: Stage): Promise<Caller> {
  const caller = await stage.caller('root');
  const { uid } = stage.rig.users.alice;
  await caller.setresuid(uid, uid, 0);
  return caller;
}

for (const face of [ownFace, rtkitFace])
  for (const { title, start, afterEach: restore, needs, rows } of chapters)
    describe(`${face.name} ${title}`, () => {
      beforeEach((context) => {
        if (needs?.lacking()) context.skip(needs.name);
      });
      let stage: Stage;
      beforeAll(async () => {
        stage = await start();
      });
      afterEach(async () => {
        await restore?.(stage);
        await stage.clear();
      });
      afterAll(() => stage.stop());

      for (const [reason, table] of Object.entries(rows) as [Reason, readonly Row[]][])
        for (const [what, words, provoke] of table)
          test(`refuses ${what}: ${reason}`, async () => {
            const alice = await stage.caller();
            const request = await provoke({ stage, alice, tid: await alice.thread() });
            const before = await stage.snapshot(request.by);
            const reply = await ask(face, request);
            expectRefused(reply, face, reason, words.replace('FACE', face.name));
            expect(await stage.snapshot(request.by)).toEqual(before);
            if (reason === 'Burst') expect(reply.usec).toBeGreaterThanOrEqual(50_000);
          });
    });

test('every reason there is has been given', () => {
  expect(new Set(chapters.flatMap(({ rows }) => Object.keys(rows)))).toEqual(new Set(reasons));
});
