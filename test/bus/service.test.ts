import { beforeEach, describe, expect, test } from 'vitest';
import { NameTaken } from '../../src/bus/bus-error.ts';
import { Connection } from '../../src/bus/connection.ts';
import { serve } from '../../src/bus/service.ts';
import { Health } from '../../src/core/health.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import { Refused } from '../../src/refused.ts';
import { aView, FakeBroker } from './fake-broker.ts';
import { type Answer, FakeDaemon, type Sent, settled } from './fake-daemon.ts';
import { FakeJournal } from './fake-journal.ts';
import { Encoder } from './nasty.ts';

const own = { path: '/org/example/RealtimeBroker', interface: 'org.example.RealtimeBroker' };
const rtkit = { path: '/org/freedesktop/RealtimeKit1', interface: 'org.freedesktop.RealtimeKit1' };
const properties = 'org.freedesktop.DBus.Properties';
const all = 0xffff_ffff_ffff_ffffn;

let daemon: FakeDaemon;
let connection: Connection;
let broker: FakeBroker;
let health: Health;
let journal: FakeJournal;
let exits: number;

const start = async (realtimekit1 = true): Promise<void> => {
  daemon = new FakeDaemon();
  connection = new Connection(daemon);
  broker = new FakeBroker();
  health = new Health();
  journal = new FakeJournal();
  exits = 0;
  await serve(connection, {
    broker,
    health,
    journal,
    rulebook: new Rulebook(defaultLimits),
    version: '1.2.3',
    realtimekit1,
    exit: () => void exits++,
  });
};
beforeEach(() => start());

const call = (sent: Sent): Promise<Answer> => daemon.call(':1.7', sent);
const std = (name: string) => `org.freedesktop.DBus.Error.${name}`;
const error = (name: string, text: unknown = expect.any(String)) => ({ error: std(name), text });
const reply = (signature = '', ...body: readonly unknown[]) => ({ signature, body });

describe('the names', () => {
  test('are both owned, and last: who sees one is answered', () => {
    expect([...daemon.owned]).toEqual(['org.example.RealtimeBroker', 'org.freedesktop.RealtimeKit1']);
  });

  test('are only our own when RealtimeKit1 is switched off, and then nothing is there', async () => {
    await start(false);
    expect([...daemon.owned]).toEqual(['org.example.RealtimeBroker']);
    expect(await call({ ...rtkit, member: 'MakeThreadRealtime', signature: 'tu', body: [0n, 1] })).toEqual(
      error('UnknownObject'),
    );
  });

  test('that are taken end it', async () => {
    const other = new FakeDaemon();
    other.taken.add('org.freedesktop.RealtimeKit1');
    const service = {
      broker,
      health,
      journal,
      rulebook: new Rulebook(defaultLimits),
      version: '1',
      realtimekit1: true,
      exit: () => {},
    };
    await expect(serve(new Connection(other), service)).rejects.toThrow(NameTaken);
  });
});

describe('a request', () => {
  const caller = { name: ':1.7', uid: 1000, pid: 4242 };
  const rr = (priority: number) => ({ kind: 'realtime', priority });
  const nice = (level: number) => ({ kind: 'high-priority', nice: level });
  const table: readonly (readonly [title: string, sent: Sent, wanted: object])[] = [
    [
      'MakeThreadRealtime',
      { member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] },
      { process: undefined, thread: 7n, scheduling: rr(10) },
    ],
    [
      'MakeThreadRealtimeWithPID',
      { member: 'MakeThreadRealtimeWithPID', signature: 'ttu', body: [6n, 7n, 10] },
      { process: 6n, thread: 7n, scheduling: rr(10) },
    ],
    [
      'MakeThreadHighPriority',
      { member: 'MakeThreadHighPriority', signature: 'ti', body: [7n, -10] },
      { process: undefined, thread: 7n, scheduling: nice(-10) },
    ],
    [
      'MakeThreadHighPriorityWithPID',
      { member: 'MakeThreadHighPriorityWithPID', signature: 'tti', body: [6n, 7n, -10] },
      { process: 6n, thread: 7n, scheduling: nice(-10) },
    ],
    [
      'with numbers that cannot be, which are not judged here',
      { member: 'MakeThreadRealtimeWithPID', signature: 'ttu', body: [2n ** 32n + 1n, all, 0xffffffff] },
      { process: 2n ** 32n + 1n, thread: all, scheduling: rr(0xffffffff) },
    ],
  ];
  for (const [face, name] of [
    [own, 'own'],
    [rtkit, 'realtimekit1'],
  ] as const)
    for (const [title, sent, wanted] of table)
      test(`reaches the broker by ${name}: ${title}`, async () => {
        expect(await call({ ...face, ...sent })).toEqual(reply());
        expect(broker.asked).toEqual([{ caller, wanted: { face: name, ...wanted } }]);
      });

  for (const [face, name, process] of [
    [own, 'own', all],
    [rtkit, 'realtimekit1', undefined],
  ] as const)
    test(`for the process −1 reaches the broker by ${name}, where only rtkit’s clients mean themselves`, async () => {
      await call({ ...face, member: 'MakeThreadRealtimeWithPID', signature: 'ttu', body: [all, 0n, 1] });
      expect(broker.asked).toEqual([{ caller, wanted: { face: name, process, thread: 0n, scheduling: rr(1) } }]);
    });

  test('is answered only when the broker is done', async () => {
    let done = () => {};
    broker.onAcquire = () => new Promise((resolve) => (done = resolve));
    const serial = daemon.post(':1.7', { ...own, member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] });
    await settled();
    expect(daemon.answersTo(serial)).toEqual([]);
    done();
    await settled();
    expect(daemon.answersTo(serial)).toEqual([reply()]);
  });

  test('that is refused is answered with the refusal, by the names of the face', async () => {
    broker.onAcquire = () => {
      throw new Refused({ reason: 'priority-above-limit', priority: 30, max: 20 });
    };
    const sent = { member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 30] };
    const text = 'Priority 30 is above the limit of 20. Ask for at most 20, or raise limits.realtime_priority_max.';
    expect(await call({ ...own, ...sent })).toEqual({
      error: 'org.example.RealtimeBroker.Error.PriorityAboveLimit',
      text,
    });
    expect(await call({ ...rtkit, ...sent })).toEqual(error('AccessDenied', `Operation not permitted: ${text}`));
    expect(journal.lines).toEqual([]);
  });

  test('that fails by a fault of ours is told nothing, and the journal everything', async () => {
    broker.onAcquire = () => {
      throw new TypeError('the secret is 7');
    };
    const sent = { member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 30] };
    expect(await call({ ...own, ...sent })).toEqual(error('Failed', 'internal error'));
    expect(journal.lines).toEqual([
      {
        text: "error: A call of 'MakeThreadRealtime' failed.",
        fields: { error: expect.stringMatching(/^TypeError: the secret is 7\n\s+at /) },
      },
    ]);
  });

  test('that expects no reply is carried out all the same', async () => {
    const serial = daemon.post(':1.7', {
      ...{ ...own, flags: 1, member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] },
    });
    await settled();
    expect(broker.asked).toHaveLength(1);
    expect(daemon.answersTo(serial)).toEqual([]);
  });

  test('of a caller who has gone is dropped quietly', async () => {
    const sent = { ...own, member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] };
    const serial = daemon.post(':1.99', sent);
    await settled();
    expect(broker.asked).toEqual([]);
    expect(daemon.answersTo(serial)).toEqual([]);
    expect(journal.lines).toEqual([]);
  });

  test('of somebody whose process the bus does not know is refused', async () => {
    daemon.people.set(':1.8', { uid: 1000, pid: undefined });
    const sent = { ...own, member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] };
    expect(await daemon.call(':1.8', sent)).toMatchObject({
      error: 'org.example.RealtimeBroker.Error.NoSuchThread',
    });
  });
});

describe('what anybody may know is asked of nobody', () => {
  for (const sent of [
    { ...own, interface: properties, member: 'Get', signature: 'ss', body: [own.interface, 'Version'] },
    { ...rtkit, interface: properties, member: 'GetAll', signature: 's', body: [rtkit.interface] },
    { ...own, interface: 'org.freedesktop.DBus.Introspectable', member: 'Introspect' },
    { ...own, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' },
    { ...own, interface: 'org.freedesktop.DBus.Peer', member: 'GetMachineId' },
  ])
    test(`${sent.member}, even while the bus daemon is silent`, async () => {
      daemon.silent = true;
      daemon.asked.length = 0;
      expect(await call(sent)).toHaveProperty('body');
      expect(daemon.asked).toEqual([]);
    });
});

describe('arguments are compared before they are touched', () => {
  const make = { ...own, member: 'MakeThreadRealtime' };
  const table: readonly (readonly [title: string, sent: Sent, answer: object])[] = [
    ['none', make, error('InvalidArgs', "MakeThreadRealtime takes 'tu', and no arguments came")],
    [
      'others',
      { ...make, signature: 'ss', body: ['a', 'b'] },
      error('InvalidArgs', "MakeThreadRealtime takes 'tu', and 'ss' came"),
    ],
    ['fewer', { ...make, signature: 't', body: [1n] }, error('InvalidArgs')],
    ['signed ones', { ...make, signature: 'xi', body: [1n, 1] }, error('InvalidArgs')],
    ['the same in a struct', { ...make, signature: '(tu)', body: [[1n, 1]] }, error('InvalidArgs')],
    ['more of them, on our own face', { ...make, signature: 'tuu', body: [1n, 1, 1] }, error('InvalidArgs')],
    [
      'more of them, on RealtimeKit1, which rtkit-daemon never looked at',
      { ...rtkit, member: 'MakeThreadRealtime', signature: 'tusa{sv}', body: [1n, 1, 'x', []] },
      reply(),
    ],
    [
      'fewer, on RealtimeKit1',
      { ...rtkit, member: 'MakeThreadRealtime', signature: 't', body: [1n] },
      error('InvalidArgs'),
    ],
    ['some where none are taken', { ...own, member: 'ListGrants', signature: 's', body: ['x'] }, error('InvalidArgs')],
  ];
  for (const [title, sent, answer] of table)
    test(`${title}: ${'error' in answer ? 'refused' : 'taken'}`, async () => expect(await call(sent)).toEqual(answer));

  test('a body that is not what its signature says is refused', async () => {
    const little = new Encoder();
    const fields = little.call('MakeThreadRealtime', own.path, own.interface, 'tu');
    daemon.inject(little.message({ serial: 77, fields, body: Buffer.alloc(9) }));
    await settled();
    expect(daemon.answersTo(77)).toEqual([error('InvalidArgs')]);
  });

  test('so is a signature without a body', async () => {
    const little = new Encoder();
    const fields = little.call('MakeThreadRealtime', own.path, own.interface, 'tu');
    daemon.inject(little.message({ serial: 77, fields }));
    await settled();
    expect(daemon.answersTo(77)).toEqual([error('InvalidArgs')]);
  });

  test('16 MB of them are turned away unseen, by whoever is called', async () => {
    const little = new Encoder();
    const huge = Buffer.alloc(16 * 1024 * 1024);
    for (const [serial, { path, interface: name }] of [
      [70, own],
      [71, rtkit],
      [72, { path: '/nowhere', interface: 'no.where' }],
    ] as const)
      daemon.inject(
        little.message({ serial, fields: little.call('MakeThreadRealtime', path, name, 'ay'), body: huge }),
      );
    await settled();
    for (const serial of [70, 71, 72])
      expect(daemon.answersTo(serial)).toEqual([
        error('LimitsExceeded', 'the message is far larger than any call here needs'),
      ]);
  });

  test('so is an object path of 16 MB', async () => {
    const little = new Encoder();
    const [, ...rest] = little.call('MakeThreadRealtime', own.path, own.interface, 'tu');
    const path = little.unknown('o', 4, little.string(`/${'a'.repeat(16 * 1024 * 1024)}`), 1);
    const body = Buffer.concat([little.uint64(9n), little.uint32(5)]);
    daemon.inject(little.message({ serial: 77, fields: [path, ...rest], body }));
    await settled();
    expect(daemon.answersTo(77)).toEqual([error('LimitsExceeded')]);
  });

  test('big-endian ones are understood', async () => {
    const big = new Encoder(true);
    const fields = big.call('MakeThreadRealtime', own.path, own.interface, 'tu');
    daemon.inject(big.message({ serial: 77, fields, body: Buffer.concat([big.uint64(9n), big.uint32(5)]) }));
    await settled();
    expect(broker.asked[0]?.wanted).toMatchObject({ thread: 9n, scheduling: { priority: 5 } });
  });
});

describe('on RealtimeKit1, libdbus has its say first:', () => {
  const make = { ...rtkit, member: 'MakeThreadRealtimeWithPID' };
  const argument = (index: number, wanted: string, actual: string) =>
    `Argument ${index} is specified to be of type "${wanted}", but is actually of type "${actual}": `;
  const method = (name: string, signature: string, interfaceName: string) =>
    `Method "${name}" with signature "${signature}" on interface "${interfaceName}" doesn't exist: `;
  const table: readonly (readonly [title: string, sent: Sent, text: string])[] = [
    ['no arguments', make, argument(0, 'uint64', 'invalid')],
    ['too few', { ...make, signature: 'tt', body: [1n, 1n] }, 'Message has only 2 arguments, but more were expected: '],
    ['another first', { ...make, signature: 'as', body: [['x']] }, argument(0, 'uint64', 'array')],
    ['another last', { ...make, signature: 'tti', body: [1n, 1n, 1] }, argument(2, 'uint32', 'int32')],
    ['a struct', { ...make, signature: 't(tu)', body: [1n, [1n, 1]] }, argument(1, 'uint64', 'struct')],
    ['a member', { ...rtkit, member: 'Nothing', signature: 's', body: ['x'] }, method('Nothing', 's', rtkit.interface)],
    ['an interface', { ...rtkit, interface: 'a.b', member: 'X' }, method('X', '', 'a.b')],
    ['no interface', { path: rtkit.path, member: 'X' }, method('X', '', '(null)')],
  ];
  for (const [title, sent, text] of table)
    test(title, async () => {
      const answer = await call(sent);
      expect(answer).toMatchObject({ text: expect.stringContaining(text) });
      expect('text' in answer && answer.text.startsWith(text)).toBe(true);
    });
});

describe("root's calls on RealtimeKit1", () => {
  const members = ['ResetKnown', 'ResetAll', 'Suspend', 'Resume'];
  const ways: readonly (readonly [string, (member: string) => Sent])[] = [
    ['by the interface', (member) => ({ ...rtkit, member })],
    ['without an interface', (member) => ({ path: rtkit.path, member })],
    ['with arguments nobody wants', (member) => ({ ...rtkit, member, signature: 's', body: ['x'] })],
  ];
  for (const [way, sent] of ways) {
    test(`do what they say, ${way}`, async () => {
      daemon.people.set(':1.7', { uid: 0, pid: 1 });
      for (const member of members) expect(await call(sent(member))).toEqual(reply());
      expect(broker.commands).toEqual(['reset known', 'reset all', 'suspend', 'resume']);
      expect(await call(sent('Exit'))).toEqual(reply());
      expect(exits).toBe(1);
    });

    test(`are refused to others, ${way}`, async () => {
      for (const member of [...members, 'Exit'])
        expect(await call(sent(member))).toEqual(
          error(
            'AccessDenied',
            `Operation not permitted: ${member} is for root, and uid 1000 called it. Call it as root.`,
          ),
        );
      expect([broker.commands, exits]).toEqual([[], 0]);
    });
  }
});

describe('what is not there', () => {
  const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'emit', 'then', ''];
  const get = (face: typeof own, ...body: readonly string[]): Sent => ({
    ...{ path: face.path, interface: properties, member: 'Get', signature: 'ss', body },
  });
  const table: readonly (readonly [title: string, sent: Sent, answer: object])[] = [
    ['an object', { path: '/org/example/Nothing', member: 'X' }, error('UnknownObject')],
    [
      'an object below ours',
      { path: `${own.path}/x`, interface: own.interface, member: 'ListGrants' },
      error('UnknownObject'),
    ],
    ['an interface', { ...own, interface: 'a.b', member: 'ListGrants' }, error('UnknownInterface')],
    [
      'an interface, on RealtimeKit1',
      { ...rtkit, interface: 'a.b', member: 'MakeThreadRealtime' },
      error('UnknownMethod'),
    ],
    ['the interface of the other face', { ...own, interface: rtkit.interface, member: 'X' }, error('UnknownInterface')],
    ['a member', { ...own, member: 'Nothing' }, error('UnknownMethod')],
    ['a member, without an interface', { path: own.path, member: 'Nothing' }, error('UnknownMethod')],
    ['a member of rtkit-daemon, on our own face', { ...own, member: 'ResetKnown' }, error('UnknownMethod')],
    ['a property', get(own, own.interface, 'Nothing'), error('UnknownProperty')],
    ['a property of an interface without any', get(own, properties, 'Version'), error('UnknownProperty')],
    ['an interface with properties', get(own, 'a.b', 'Version'), error('UnknownInterface')],
    [
      'a property, on RealtimeKit1',
      get(rtkit, rtkit.interface, 'Nothing'),
      error(
        'UnknownProperty',
        expect.stringMatching(/^Unknown property Nothing: there are RTTimeUSecMax, .*MinNiceLevel$/),
      ),
    ],
    [
      'an interface with properties, on RealtimeKit1',
      get(rtkit, 'a.b', 'X'),
      error('UnknownProperty', expect.stringMatching(/^Unknown interface a\.b: .*RealtimeKit1$/)),
    ],
    [
      'an empty interface, on RealtimeKit1',
      get(rtkit, '', 'RTTimeUSecMax'),
      error('UnknownProperty', expect.stringMatching(/^Unknown interface : /)),
    ],
    ...inherited.flatMap((name): [string, Sent, object][] => [
      [`a member '${name}'`, { ...own, member: name || 'x' }, error('UnknownMethod')],
      [`an interface '${name}'`, { ...own, interface: `a.${name}`, member: 'X' }, error('UnknownInterface')],
      [`a property '${name}'`, get(own, own.interface, name), error('UnknownProperty')],
      [`a property of '${name || '/'}'`, get(own, name || '/', 'Version'), error('UnknownInterface')],
    ]),
  ];
  for (const [title, sent, answer] of table) test(`${title}`, async () => expect(await call(sent)).toEqual(answer));

  test('is called by no more of its name than people read', async () => {
    const answer = await call({
      ...own,
      interface: properties,
      member: 'Get',
      signature: 'ss',
      body: [own.interface, 'x'.repeat(60_000)],
    });
    expect(answer).toEqual(error('UnknownProperty'));
    expect((answer as { text: string }).text.length).toBeLessThan(300);
  });
});

describe('properties', () => {
  const get = (face: typeof own, interfaceName: string, name: string) =>
    call({ path: face.path, interface: properties, member: 'Get', signature: 'ss', body: [interfaceName, name] });
  const getAll = (face: typeof own, interfaceName: string) =>
    call({ path: face.path, interface: properties, member: 'GetAll', signature: 's', body: [interfaceName] });

  const rtkitValues = [
    ['RTTimeUSecMax', 200_000n],
    ['MaxRealtimePriority', 20],
    ['MinNiceLevel', -15],
  ];

  test('of RealtimeKit1 are three, in rtkit’s order', async () =>
    expect(await getAll(rtkit, rtkit.interface)).toEqual(reply('a{sv}', rtkitValues)));

  for (const [name, value] of rtkitValues)
    test(`of RealtimeKit1 can be had one by one: ${name}`, async () =>
      expect(await get(rtkit, rtkit.interface, String(name))).toEqual(reply('v', value)));

  test('of our own are all there', async () => {
    broker.totals = { threads: 3, processes: 2, users: 1 };
    health.set('polkit-unavailable', true);
    expect(await getAll(own, own.interface)).toEqual(
      reply('a{sv}', [
        ['Version', '1.2.3'],
        ...rtkitValues,
        ['ThreadCount', 3],
        ['ProcessCount', 2],
        ['UserCount', 1],
        ['Starved', false],
        ['Degraded', ['polkit-unavailable']],
      ]),
    );
  });

  test('of our own are found without the name of the interface', async () => {
    expect(await get(own, '', 'Version')).toEqual(reply('v', '1.2.3'));
    expect(await getAll(own, '')).toMatchObject({ signature: 'a{sv}' });
  });

  test('of an interface without any are none', async () =>
    expect(await getAll(own, 'org.freedesktop.DBus.Peer')).toEqual(reply('a{sv}', [])));

  const set = (face: typeof own, name: string, interfaceName = face.interface): Promise<Answer> =>
    call({
      ...{ path: face.path, interface: properties, member: 'Set', signature: 'ssv' },
      body: [interfaceName, name, ['i', 99]],
    });
  test('cannot be set', async () => {
    expect(await set(own, 'MaxRealtimePriority')).toEqual(error('PropertyReadOnly'));
    expect(await set(own, 'Nothing')).toEqual(error('UnknownProperty'));
    expect(await set(own, 'Version', 'a.b')).toEqual(error('UnknownInterface'));
    expect(await get(own, own.interface, 'MaxRealtimePriority')).toEqual(reply('v', 20));
  });

  test('have no Set at all on RealtimeKit1', async () =>
    expect(await set(rtkit, 'MaxRealtimePriority')).toEqual(error('UnknownMethod')));

  test('that change are announced by our own face, and no others', async () => {
    broker.totals = { threads: 1, processes: 1, users: 1 };
    broker.onNews({ kind: 'recovered', cpu: 0 });
    await settled();
    expect(daemon.signals).toEqual([
      {
        member: 'PropertiesChanged',
        signature: 'sa{sv}as',
        body: [
          own.interface,
          [
            ['ThreadCount', 1],
            ['ProcessCount', 1],
            ['UserCount', 1],
          ],
          [],
        ],
      },
    ]);
  });

  test('tell at once that the machine starves', async () => {
    broker.starved = true;
    broker.onNews({ kind: 'starved', cpu: 0, lateUsec: 1 });
    await settled();
    const changes = daemon.signals.filter(({ member }) => member === 'PropertiesChanged');
    expect(changes).toMatchObject([{ body: [own.interface, [['Starved', true]], []] }]);
  });

  test('tell at once what the broker cannot do', async () => {
    health.set('polkit-unavailable', true);
    await settled();
    expect(daemon.signals).toMatchObject([{ body: [own.interface, [['Degraded', ['polkit-unavailable']]], []] }]);
  });
});

describe('a call without an interface', () => {
  test('means the member of the face', async () =>
    expect(await call({ path: rtkit.path, member: 'MakeThreadRealtime', signature: 'tu', body: [1n, 1] })).toEqual(
      reply(),
    ));
  test('means any standard member, too', async () => {
    expect(await call({ path: own.path, member: 'Ping' })).toEqual(reply());
    expect(await call({ path: own.path, member: 'GetAll', signature: 's', body: [own.interface] })).toMatchObject({
      signature: 'a{sv}',
    });
  });
});

describe('the standard interfaces', () => {
  const introspect = async (path: string): Promise<string> => {
    const answer = await call({ path, interface: 'org.freedesktop.DBus.Introspectable', member: 'Introspect' });
    if (!('body' in answer)) throw new Error(answer.text);
    return String(answer.body[0]);
  };
  const names = (xml: string, tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag} name="([^"]*)"`, 'g'))].map(([, n]) => n);

  for (const [path, children] of [
    ['/', ['org']],
    ['/org', ['example', 'freedesktop']],
    ['/org/example', ['RealtimeBroker']],
    ['/org/freedesktop', ['RealtimeKit1']],
  ] as const)
    test(`lead from ${path} down to the objects`, async () =>
      expect(names(await introspect(path), 'node')).toEqual(children));

  for (const face of [own, rtkit])
    test(`describe ${face.path} whole`, async () => {
      const xml = await introspect(face.path);
      expect(names(xml, 'interface')).toEqual([
        face.interface,
        properties,
        'org.freedesktop.DBus.Introspectable',
        'org.freedesktop.DBus.Peer',
      ]);
      expect(names(xml, 'method')).toEqual(
        expect.arrayContaining(['MakeThreadRealtime', 'GetAll', 'Introspect', 'Ping']),
      );
      expect(names(xml, 'method').includes('Set')).toBe(face === own);
    });

  test('answer a ping wherever it goes', async () => {
    for (const path of ['/', own.path, '/nowhere'])
      expect(await call({ path, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' })).toEqual(reply());
  });

  test('know the machine, or say that it has no id', async () => {
    const answer = await call({ path: own.path, interface: 'org.freedesktop.DBus.Peer', member: 'GetMachineId' });
    if ('error' in answer) expect(answer).toEqual(error('FileNotFound'));
    else expect(answer.body[0]).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the lists', () => {
  test('have a dictionary for each grant', async () => {
    broker.views = [aView, aView];
    const answer = await call({ ...own, member: 'ListGrants' });
    expect(answer).toMatchObject({ signature: 'aa{sv}' });
    expect((answer as { body: readonly unknown[][] }).body[0]).toHaveLength(2);
  });

  test('may be empty', async () => expect(await call({ ...own, member: 'ListGrants' })).toEqual(reply('aa{sv}', [])));

  test('have the limits of the caller', async () =>
    expect(await call({ ...own, member: 'GetLimits' })).toMatchObject({ signature: 'a{sv}' }));

  test('are not RealtimeKit1’s business', async () =>
    expect(await call({ ...rtkit, member: 'ListGrants' })).toEqual(error('UnknownMethod')));
});

describe('who asks and does not wait', () => {
  const flood = (sender: string, times: number) =>
    Array.from({ length: times }, () =>
      daemon.post(sender, { ...own, member: 'MakeThreadRealtime', signature: 'tu', body: [7n, 10] }),
    );

  test('has 64 calls waiting at most; the next is turned away, and later ones are not', async () => {
    let done = () => {};
    const held = new Promise<void>((resolve) => (done = resolve));
    broker.onAcquire = () => held;
    const serials = flood(':1.7', 65);
    await settled();
    expect(broker.asked).toHaveLength(64);
    expect(serials.map((serial) => daemon.answersTo(serial).length).indexOf(1)).toBe(64);
    expect(daemon.answersTo(serials[64] ?? 0)).toEqual([error('LimitsExceeded')]);

    done();
    await settled();
    expect(serials.every((serial) => daemon.answersTo(serial).length === 1)).toBe(true);
    expect(daemon.answersTo(flood(':1.7', 1)[0] ?? 0)).toEqual([]);
    await settled();
    expect(broker.asked).toHaveLength(65);
  });

  test('has 256 in all, over however many connections, and others notice nothing', async () => {
    broker.onAcquire = () => new Promise(() => {});
    for (let i = 0; i < 10; i++) {
      daemon.people.set(`:2.${i}`, { uid: 1000, pid: 4242 });
      flood(`:2.${i}`, 60);
    }
    await settled();
    expect(broker.asked).toHaveLength(256);

    daemon.people.set(':3.1', { uid: 1001, pid: 4243 });
    flood(':3.1', 1);
    await settled();
    expect(broker.asked).toHaveLength(257);
    expect(await call({ ...own, interface: 'org.freedesktop.DBus.Peer', member: 'Ping' })).toEqual(reply());
  });
});
