import { type Argument, type Caller, type Face, type Reply, rtkitFace } from '../rig/caller.ts';
import { ask, highPriority, type Request, realtime } from '../rig/request.ts';
import { dataOf } from '../rig/stage.ts';
import { type Deed, type Limits, properties, type Scene } from './side.ts';

/** Where the broker does otherwise, as both must still do: `broker` is how its answer begins. */
export interface Difference {
  readonly rtkit: string;
  readonly broker: string;
  /** How the threads run afterwards, if not alike. */
  readonly threads?: readonly [rtkit: string, broker: string];
  /** A defect of rtkit's, or what the broker documents as better. */
  readonly why: string;
}

export type Case = readonly [title: string, deed: Deed, difference?: Difference];

const grant = (request: (scene: Scene) => Request | Promise<Request>): Deed => {
  return async (scene) => ask(rtkitFace, await request(scene));
};

/** One after the other, each granted but perhaps the last. */
const inTurn = (...requests: readonly ((scene: Scene) => Request)[]): Deed => {
  return async (scene) => {
    let reply: Reply | undefined;
    for (const request of requests) {
      if (reply !== undefined) dataOf(reply);
      reply = await ask(rtkitFace, request(scene));
    }
    return reply!;
  };
};

const call =
  (member: string, signature = '', ...args: readonly Argument[]): Deed =>
  ({ alice }) =>
    alice.call(rtkitFace, member, signature, ...args);

const rr = (priority: number) => (scene: Scene) => realtime(scene.alice, scene.tid, priority);
const nice = (level: number) => (scene: Scene) => highPriority(scene.alice, scene.tid, level);
const other = ({ side }: Scene, rttimeUsec?: number | 'unlimited'): Promise<Caller> => side.caller('alice', rttimeUsec);
const himself = 2n ** 64n - 1n;

const granted: readonly Case[] = [
  ['the lowest priority', grant(rr(1))],
  ['a priority', grant(rr(5))],
  ['the highest priority', grant(rr(20))],
  ['thread 0, the main thread', grant(({ alice }) => realtime(alice, 0, 5))],
  ['the main thread by its id', grant(({ alice }) => realtime(alice, alice.pid, 5))],
  ['a thread with its pid', grant(({ alice, tid }) => realtime(alice, tid, 5, alice.pid))],
  ['thread 0 with a pid', grant(({ alice }) => realtime(alice, 0, 5, alice.pid))],
  ['a thread of process 2^64-1', grant(({ alice, tid }) => realtime(alice, tid, 5, himself))],
  ['thread 0 of process 2^64-1', grant(({ alice }) => realtime(alice, 0, 5, himself))],
  ['another process of the user', grant(async (s) => realtime(await other(s), s.tid, 5, s.alice.pid))],
  ['thread 0 of another process', grant(async (s) => realtime(await other(s), 0, 5, s.alice.pid))],
  ['the lowest nice level', grant(nice(-15))],
  ['a nice level', grant(nice(-11))],
  ['nice -1', grant(nice(-1))],
  ['nice 0', grant(nice(0))],
  ['nice 5', grant(nice(5))],
  ['nice 19', grant(nice(19))],
  ['nice for thread 0', grant(({ alice }) => highPriority(alice, 0, -5))],
  ['nice with a pid', grant(({ alice, tid }) => highPriority(alice, tid, -5, alice.pid))],
  ['nice for process 2^64-1', grant(({ alice, tid }) => highPriority(alice, tid, -5, himself))],
  ['nice for another process', grant(async (s) => highPriority(await other(s), s.tid, -5, s.alice.pid))],
  ['nice without an RLIMIT_RTTIME', grant(async (s) => highPriority(await other(s, 'unlimited'), 0, -5))],
  ["root's own thread", grant(async ({ side }) => realtime(await side.caller('root'), 0, 5))],
  ["root's own thread, nice", grant(async ({ side }) => highPriority(await side.caller('root'), 0, -5))],
  ['a call without an interface', ({ alice, tid }) => alice.call(nameless, 'MakeThreadRealtime', 'tu', tid, 5)],
  [
    'more arguments than are taken',
    ({ alice, tid }) => alice.call(rtkitFace, 'MakeThreadRealtime', 'tus', tid, 5, 'x'),
  ],
  [
    'a dictionary more than is taken',
    ({ alice, tid }) => alice.call(rtkitFace, 'MakeThreadHighPriority', 'tia{sv}', tid, -5, 1, 'x', 'u', 1),
  ],
  ['a connection closed at once', ({ alice, tid }) => alice.fresh(rtkitFace, 'MakeThreadRealtime', 'tu', tid, 5)],
  [
    'a call that wants no reply',
    async ({ side, alice, tid }) => {
      await alice.noreply(rtkitFace, 'MakeThreadRealtime', 'tu', tid, 5);
      for (let i = 0; i < 200 && side.threads().every(({ policy }) => policy !== 'rr'); i++) await alice.wait(5);
      return alice.call({ ...rtkitFace, interface: peer }, 'Ping');
    },
  ],
];

const nameless = { ...rtkitFace, interface: undefined };
const peer = 'org.freedesktop.DBus.Peer';
const introspectable = 'org.freedesktop.DBus.Introspectable';

const changed: readonly Case[] = [
  ['to a higher priority', inTurn(rr(5), rr(9))],
  ['to a lower priority', inTurn(rr(9), rr(5))],
  ['to the same', inTurn(rr(5), rr(5))],
  ['from realtime to nice', inTurn(rr(5), nice(-5))],
  ['from nice to realtime', inTurn(nice(-9), rr(3))],
  ['from nice to nicer', inTurn(nice(-5), nice(-9))],
  ['from realtime to nice 0', inTurn(rr(5), nice(0))],
  ['from realtime to nice 4', inTurn(rr(5), nice(4))],
  ['from nice to nice 0', inTurn(nice(-5), nice(0))],
  ['not by one that is refused', inTurn(rr(5), rr(21))],
  ['not by one that cannot be', inTurn(rr(5), rr(0))],
  ['not by a nice level that is refused', inTurn(rr(5), nice(-16))],
  [
    'back to realtime by who left it himself',
    async (scene) => {
      dataOf(await ask(rtkitFace, rr(5)(scene)));
      await scene.alice.relax(scene.tid);
      return ask(rtkitFace, rr(6)(scene));
    },
  ],
];

const beyond: readonly Case[] = [
  ...[0, 21, 98, 99, 100, 2 ** 32 - 1].map((priority): Case => [`priority ${priority}`, grant(rr(priority))]),
  ...[-16, -20, -21, 20, 2 ** 31 - 1, -(2 ** 31)].map((level): Case => [`nice ${level}`, grant(nice(level))]),
  ['priority 21 for another process', grant(async (s) => realtime(await other(s), s.tid, 21, s.alice.pid))],
  ['nice 20 with a pid', grant(({ alice, tid }) => highPriority(alice, tid, 20, alice.pid))],
  ['priority 21 for root', grant(async ({ side }) => realtime(await side.caller('root'), 0, 21))],
  ['nice -16 for root', grant(async ({ side }) => highPriority(await side.caller('root'), 0, -16))],
];

/** The thread itself sleeps: what is granted under too low a limit must not run. */
const limitedTo = (usec: number): Deed =>
  grant(async ({ side }) => {
    const caller = await side.caller('alice', usec);
    return realtime(caller, await caller.thread(), 5);
  });

const rttime: readonly Case[] = [
  ['none', grant(async (s) => realtime(await other(s, 'unlimited'), 0, 5))],
  [
    'a soft one only',
    grant(async (s) => {
      const caller = await other(s, 'unlimited');
      await caller.rttime(100_000, 'unlimited');
      return realtime(caller, 0, 5);
    }),
  ],
  ['200 001 us', limitedTo(200_001)],
  ['200 000 us', limitedTo(200_000)],
  ['10 000 us', limitedTo(10_000)],
  ['none of the process meant', grant(async (s) => realtime(s.alice, 0, 5, (await other(s, 'unlimited')).pid))],
  ['none of the process that asks', grant(async (s) => realtime(await other(s, 'unlimited'), s.tid, 5, s.alice.pid))],
  ...[5000, 0].map(
    (usec): Case => [
      `${usec} us`,
      limitedTo(usec),
      {
        rtkit: '()',
        broker: 'AccessDenied: Operation not permitted: Process',
        threads: ['other, other, other, rr 5 reset', 'other, other, other, other'],
        why: 'rtkit grants what the kernel then kills at the next tick',
      },
    ],
  ),
];

const ids: readonly Case[] = [
  [
    'of a thread that has ended',
    grant(async ({ alice, tid }) => {
      await alice.end(tid);
      return realtime(alice, tid, 5);
    }),
  ],
  [
    'of a process that has ended',
    grant(async ({ alice }) => {
      const pid = await alice.fork();
      await alice.reap(pid);
      return highPriority(alice, 0, -5, pid);
    }),
  ],
  ["of another process's thread", grant(async (s) => realtime(await other(s), s.tid, 5))],
  ["of another process's thread, with a pid", grant(async (s) => realtime(s.alice, s.tid, 5, (await other(s)).pid))],
  ["of another process's thread, nice", grant(async (s) => highPriority(await other(s), s.tid, -5))],
  ['process 0', grant(({ alice, tid }) => realtime(alice, tid, 5, 0))],
  ['thread 2^22', grant(({ alice }) => realtime(alice, 2 ** 22, 5))],
  ['thread 2^64-1', grant(({ alice }) => realtime(alice, himself, 5))],
  ['process 2^22', grant(({ alice }) => realtime(alice, 0, 5, 2 ** 22))],
  [
    'thread 2^32',
    grant(({ alice }) => realtime(alice, 2 ** 32, 5)),
    truncated(['rr 5 reset, other', 'other, other'], 'No thread'),
  ],
  [
    'a thread id and 2^32',
    grant(({ alice, tid }) => realtime(alice, tid + 2 ** 32, 5)),
    truncated(['other, rr 5 reset', 'other, other'], 'No thread'),
  ],
  [
    'a process id and 2^32',
    grant(({ alice, tid }) => highPriority(alice, tid, -5, alice.pid + 2 ** 32)),
    truncated(['other, other nice -5 reset', 'other, other'], 'No process'),
  ],
  [
    'of a thread, for a process',
    grant(({ alice, tid }) => realtime(alice, tid, 5, tid)),
    {
      rtkit: '()',
      broker: 'Failed: No such file or directory: ',
      threads: ['other, rr 5 reset', 'other, other'],
      why: 'rtkit counts each thread as a process of its own, so that no limit holds',
    },
  ],
  [
    'of a PID namespace',
    async ({ side }) => {
      const caller = await side.caller();
      await caller.enterPidNamespace();
      return caller.call(rtkitFace, 'MakeThreadRealtime', 'tu', await caller.thread(), 5);
    },
    {
      rtkit: 'Failed: No such file or directory',
      broker: '()',
      threads: ['other, other, other, other', 'other, other, other, rr 5 reset'],
      why: 'rtkit takes the ids of a sandbox for ids of the machine',
    },
  ],
];

function truncated(threads: readonly [string, string], what: string): Difference {
  const broker = `Failed: No such file or directory: ${what} can have the id`;
  return { rtkit: '()', broker, threads, why: 'rtkit cuts ids off at 32 bits, and means another thread' };
}

const users: readonly Case[] = [
  ['without leave', grant(async ({ side }) => realtime(await side.caller('bob'), 0, 5))],
  ['without leave, nice', grant(async ({ side }) => highPriority(await side.caller('bob'), 0, -5))],
  ['without leave, nice 0', grant(async ({ side }) => highPriority(await side.caller('bob'), 0, 0))],
  ['without leave, above the limit', grant(async ({ side }) => realtime(await side.caller('bob'), 0, 21))],
  [
    'without leave or an RLIMIT_RTTIME',
    grant(async ({ side }) => realtime(await side.caller('bob', 'unlimited'), 0, 5)),
  ],
  [
    'without leave, for what cannot be',
    grant(async ({ side }) => realtime(await side.caller('bob'), 0, 0)),
    {
      rtkit: 'AccessDenied: Operation not permitted',
      broker: 'Failed: Invalid argument: 0 is no realtime priority',
      why: 'polkit is not asked about what is refused anyway',
    },
  ],
  [
    "for another user's process",
    grant(async ({ side, alice }) => realtime(alice, 0, 5, (await side.caller('carol')).pid)),
  ],
  ['for one without leave', grant(async ({ side, alice }) => realtime(alice, 0, 5, (await side.caller('bob')).pid))],
  [
    'without leave, for one who has it',
    grant(async ({ side, alice }) => realtime(await side.caller('bob'), 0, 5, alice.pid)),
  ],
  [
    "for another user's process, nice",
    grant(async (s) => highPriority(s.alice, 0, -5, (await s.side.caller('carol')).pid)),
  ],
  ["for root's process", grant(({ alice }) => highPriority(alice, 0, -5, 1))],
  ["root for a user's", grant(async ({ side, alice, tid }) => realtime(await side.caller('root'), tid, 5, alice.pid))],
  ["root for a user's, nice", grant(async (s) => highPriority(await s.side.caller('root'), s.tid, -5, s.alice.pid))],
  [
    'one who can become root again',
    grant(async ({ side }) => {
      const caller = await side.caller('root');
      const { uid } = side.rig.users.alice;
      await caller.setresuid(uid, uid, 0);
      return realtime(caller, 0, 5);
    }),
    {
      rtkit: '()',
      broker: 'AccessDenied: Operation not permitted: Process',
      threads: ['other, other, rr 5 reset', 'other, other, other'],
      why: 'rtkit looks at the effective uid alone: a set-user-ID program could be made realtime by whoever starts it',
    },
  ],
];

const messages: readonly Case[] = [
  ...[
    'MakeThreadRealtime',
    'MakeThreadRealtimeWithPID',
    'MakeThreadHighPriority',
    'MakeThreadHighPriorityWithPID',
  ].flatMap((member): readonly Case[] => [
    [`${member} without arguments`, call(member)],
    [`${member} with a string`, call(member, 's', 'x')],
    [`${member} with too few`, call(member, 't', 1)],
    [`${member} with a struct`, call(member, 't(tu)', 1, 1, 1)],
    [`${member} with signed ones`, call(member, 'xxi', 1, 1, 1)],
    [`${member} with bytes`, call(member, 'tty', 1, 1, 1)],
  ]),
  ['no such member', call('Nothing', 's', 'x')],
  ['no such member, without an interface', ({ alice }) => alice.call(nameless, 'Nothing')],
  [
    'no such interface',
    ({ alice }) => alice.call({ ...rtkitFace, interface: 'a.b' }, 'MakeThreadRealtime', 'tu', 0, 5),
  ],
  [
    'no such object',
    ({ alice }) => alice.call({ ...rtkitFace, path: '/nowhere' }, 'MakeThreadRealtime', 'tu', 0, 5),
    {
      rtkit: 'UnknownMethod: Method "MakeThreadRealtime"',
      broker: "UnknownObject: there is no object '/nowhere'",
      why: 'it is not the method that is wrong',
    },
  ],
  [
    'a parent of the object',
    ({ alice }) => alice.call({ ...rtkitFace, path: '/org/freedesktop' }, 'MakeThreadRealtime', 'tu', 0, 5),
    {
      rtkit: 'UnknownMethod: Method "MakeThreadRealtime"',
      broker: "UnknownInterface: there is no interface 'org.freedesktop.RealtimeKit1' at /org/freedesktop",
      why: 'parents belong to both faces of the broker, and it is the interface that is not there',
    },
  ],
];

const told: readonly Case[] = [
  ...['RTTimeUSecMax', 'MaxRealtimePriority', 'MinNiceLevel'].map(
    (name): Case => [`Get ${name}`, ({ alice }) => alice.call(properties, 'Get', 'ss', rtkitFace.name, name)],
  ),
  ['Get without an interface', ({ alice }) => alice.call(nameless, 'Get', 'ss', rtkitFace.name, 'MinNiceLevel')],
  ['Get of no property', ({ alice }) => alice.call(properties, 'Get', 'ss', rtkitFace.name, 'Nothing')],
  ['Get of another interface', ({ alice }) => alice.call(properties, 'Get', 'ss', 'a.b', 'MinNiceLevel')],
  ['Get of no interface', ({ alice }) => alice.call(properties, 'Get', 'ss', '', 'MinNiceLevel')],
  ['Get without a property', ({ alice }) => alice.call(properties, 'Get', 's', rtkitFace.name)],
  ['Get of a number', ({ alice }) => alice.call(properties, 'Get', 'su', rtkitFace.name, 1)],
  ['Set', ({ alice }) => alice.call(properties, 'Set', 'ssv', rtkitFace.name, 'MinNiceLevel', 'i', -20)],
  [
    'GetAll',
    ({ alice }) => alice.call(properties, 'GetAll', 's', rtkitFace.name),
    { rtkit: 'UnknownMethod: Method "GetAll"', broker: '(a{sv})', why: 'rtkit has it since 0.14' },
  ],
  ...['/org/freedesktop/RealtimeKit1', '/org/freedesktop', '/org', '/'].map(
    (path): Case => [
      `Introspect ${path}`,
      ({ alice }) => alice.call({ name: rtkitFace.name, path, interface: introspectable }, 'Introspect'),
    ],
  ),
  ...['/org/freedesktop/RealtimeKit1', '/nowhere'].flatMap((path): readonly Case[] => [
    [`Ping ${path}`, ({ alice }) => alice.call({ name: rtkitFace.name, path, interface: peer }, 'Ping')],
    [
      `GetMachineId ${path}`,
      ({ alice }) => alice.call({ name: rtkitFace.name, path, interface: peer }, 'GetMachineId'),
      {
        rtkit: 'FileNotFound: D-Bus library appears to be incorrectly set up',
        broker: '(s)',
        why: 'rtkit has shut itself up in /proc, where no machine-id is',
      },
    ],
  ]),
];

const byRoot =
  (face: Face, member: string, ...args: readonly [string?, ...Argument[]]): Deed =>
  async (scene) => {
    for (const request of [realtime(scene.alice, scene.tid, 5), highPriority(scene.alice, 0, -5)])
      dataOf(await ask(rtkitFace, request));
    const [signature = '', ...values] = args;
    return (await scene.side.caller('root')).call(face, member, signature, ...values);
  };

const roots: readonly Case[] = [
  ...['ResetKnown', 'ResetAll', 'Exit'].flatMap((member): readonly Case[] => [
    [`${member} by a user`, call(member)],
    [`${member} by a user, without an interface`, ({ alice }) => alice.call(nameless, member)],
  ]),
  ['ResetKnown', byRoot(rtkitFace, 'ResetKnown')],
  ['ResetKnown without an interface', byRoot(nameless, 'ResetKnown')],
  ['ResetKnown with an argument', byRoot(rtkitFace, 'ResetKnown', 's', 'x')],
  ...['Suspend', 'Resume'].map(
    (member): Case => [
      `${member} by a user`,
      call(member),
      {
        rtkit: `UnknownMethod: Method "${member}"`,
        broker: 'AccessDenied: Rejected send message',
        why: 'rtkit has it since 0.14',
      },
    ],
  ),
  [
    'Resume without Suspend',
    byRoot(rtkitFace, 'Resume'),
    { rtkit: 'UnknownMethod: Method "Resume"', broker: '()', why: 'rtkit has it since 0.14' },
  ],
];

/** The user has two threads of each kind already: rtkit counts both kinds together. */
const holding = async ({ side }: Scene): Promise<void> => {
  const holder = await side.caller();
  for (let i = 0; i < 2; i++) dataOf(await ask(rtkitFace, realtime(holder, await holder.thread(), 5)));
};

const limited: readonly Case[] = [
  [
    'a third thread',
    grant(async (s) => {
      await holding(s);
      return rr(5)(s);
    }),
  ],
  [
    'a third nice thread, beside two realtime ones',
    grant(async (s) => {
      await holding(s);
      return nice(-5)(s);
    }),
    {
      rtkit: 'AccessDenied: Device or resource busy',
      broker: '()',
      threads: [
        'other, other, other, rr 5 reset, rr 5 reset',
        'other, other nice -5 reset, other, rr 5 reset, rr 5 reset',
      ],
      why: 'threads are counted by their kind: nice ones use up nobody’s realtime',
    },
  ],
  [
    'the last thread anew',
    grant(async (s) => {
      dataOf(await ask(rtkitFace, realtime(s.alice, 0, 5)));
      dataOf(await ask(rtkitFace, rr(5)(s)));
      return rr(6)(s);
    }),
  ],
  [
    'a third process',
    grant(async (s) => {
      for (let i = 0; i < 2; i++) dataOf(await ask(rtkitFace, highPriority(await other(s), 0, -5)));
      return nice(-5)(s);
    }),
  ],
];

const hasty: readonly Case[] = [['a fourth request', inTurn(rr(1), rr(2), rr(3), rr(4))]];

const unasked: readonly Case[] = [rr(5), nice(-5)].map(
  (request, index): Case => [
    index === 0 ? 'realtime' : 'high priority',
    grant(request),
    {
      rtkit: 'Failed: No such file or directory',
      broker: 'Failed: Input/output error: polkit could not be asked',
      why: 'rtkit says the same as when there is no such thread',
    },
  ],
);

const suspended: readonly Case[] = [
  [
    'what is granted',
    byRoot(rtkitFace, 'Suspend'),
    {
      rtkit: 'UnknownMethod: Method "Suspend"',
      broker: '()',
      threads: ['other nice -5 reset, rr 5 reset, other', 'other, other, other'],
      why: 'rtkit has it since 0.14',
    },
  ],
  [
    'what is asked then',
    grant(rr(5)),
    {
      rtkit: '()',
      broker: 'AccessDenied: Device or resource busy: ',
      threads: ['other, rr 5 reset', 'other, other'],
      why: 'rtkit has it since 0.14',
    },
  ],
];

/** What it is about, on a fresh daemon with these limits, if any are given, and what is asked there. */
export interface Chapter {
  readonly title: string;
  readonly limits?: Limits;
  readonly withPolkit?: false;
  readonly cases: readonly Case[];
}

export const chapters: readonly Chapter[] = [
  { title: 'is granted:', limits: {}, cases: granted },
  { title: 'is changed:', cases: changed },
  { title: 'is out of range:', cases: beyond },
  { title: 'RLIMIT_RTTIME:', cases: rttime },
  { title: 'an id:', cases: ids },
  { title: 'is asked:', cases: users },
  { title: 'on the bus:', cases: messages },
  { title: 'is told:', cases: told },
  { title: 'is for root:', cases: roots },
  { title: 'without polkit:', withPolkit: false, cases: unasked },
  { title: 'is more than may be:', limits: { threads: 2, processes: 2 }, cases: limited },
  { title: 'is too often:', limits: { requests: 3 }, cases: hasty },
  { title: 'is suspended:', limits: {}, cases: suspended },
];

/** For whoever has the daemon to himself: it is gone afterwards, or nobody else in the namespace keeps his realtime. */
export const exit: Deed = byRoot(rtkitFace, 'Exit');
export const resetAll: Deed = byRoot(rtkitFace, 'ResetAll');
