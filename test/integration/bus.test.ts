import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NameTaken } from '../../src/bus/bus-error.ts';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import { serve } from '../../src/bus/service.ts';
import { Health } from '../../src/core/health.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { Rulebook } from '../../src/core/rulebook.ts';
import { aView, FakeBroker } from '../bus/fake-broker.ts';
import { FakeJournal } from '../bus/fake-journal.ts';
import { Encoder, nested } from '../bus/nasty.ts';
import { RawCaller } from '../bus/raw-caller.ts';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { type Rig, startRig } from '../rig/rig.ts';

// The service with a broker that grants everything, on a real bus, called by the programs people use.

let rig: Rig;
let connection: Connection;
const broker = new FakeBroker();
const health = new Health();
const journal = new FakeJournal();
const service = {
  broker,
  health,
  journal,
  rulebook: new Rulebook(defaultLimits),
  version: '1.2.3',
  realtimekit1: true,
  exit: () => {},
};

beforeAll(async () => {
  rig = await startRig({ withPolkit: false });
  connection = await connectBus(rig.address);
  await serve(connection, service);
});
afterAll(async () => {
  connection.close();
  await rig.stop();
});

const peer = { name: ownFace.name, path: ownFace.path, interface: 'org.freedesktop.DBus.Peer' };
const own = [ownFace.name, ownFace.path, ownFace.name];
const rtkit = [rtkitFace.name, rtkitFace.path, rtkitFace.name];

describe('busctl', () => {
  test('sees the whole interface, with what its properties are', async () => {
    const { stdout } = await rig.busctl(['introspect', ...own]);
    const lines = stdout.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
    expect(lines).toEqual(
      expect.arrayContaining([
        '.GetLimits method - a{sv} -',
        '.ListGrants method - aa{sv} -',
        '.MakeThreadHighPriorityWithPID method tti - -',
        '.MakeThreadRealtime method tu - -',
        '.Degraded property as 0 emits-change',
        '.RTTimeUSecMax property x 200000 emits-change',
        '.Version property s "1.2.3" const',
      ]),
    );
  });

  test('finds the objects by itself', async () => {
    const { stdout } = await rig.busctl(['tree', '--list', rtkitFace.name], 'alice');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining([ownFace.path, rtkitFace.path]));
  });

  test('reads properties of both faces', async () => {
    expect((await rig.busctl(['get-property', ...own, 'Version'], 'alice')).stdout).toBe('s "1.2.3"\n');
    const { stdout } = await rig.busctl(['get-property', ...rtkit, 'RTTimeUSecMax', 'MinNiceLevel'], 'alice');
    expect(stdout).toBe('x 200000\ni -15\n');
  });

  test('is told that it cannot set one', async () => {
    const { code, stderr } = await rig.busctl(['set-property', ...own, 'MinNiceLevel', 'i', '5']);
    expect(code).not.toBe(0);
    expect(stderr).toContain("the property 'MinNiceLevel' cannot be set");
  });

  test('lists grants', async () => {
    broker.views = [aView];
    const { stdout } = await rig.busctl(['call', ...own, 'ListGrants']);
    broker.views = [];
    expect(stdout).toMatch(/^aa\{sv\} 1 15 "Uid" u 1000 .* "Comm" s "data-loop.0" .* "CpuUSec" t 77\n$/);
  });
});

describe('gdbus', () => {
  test('walks down from the root', async () => {
    const { stdout } = await rig.gdbus(['introspect', '--system', '-d', ownFace.name, '-o', '/', '--recurse'], 'alice');
    expect(stdout).toContain('node /org/freedesktop/RealtimeKit1 {');
    expect(stdout).toMatch(/MakeThreadRealtimeWithPID\(in {2}t process,\s+in {2}t thread,\s+in {2}u priority\)/);
  });

  test('calls, and is answered', async () => {
    const call = [
      'call',
      '--system',
      '-d',
      ownFace.name,
      '-o',
      ownFace.path,
      '-m',
      `${ownFace.name}.MakeThreadRealtime`,
    ];
    expect((await rig.gdbus([...call, '0', '5'], 'alice')).stdout).toBe('()\n');
    expect(broker.asked.at(-1)).toMatchObject({ caller: { uid: rig.users.alice.uid }, wanted: { thread: 0n } });
  });
});

describe('a caller', () => {
  test('is who he is, whatever he says', async () => {
    const caller = await rig.spawnCaller('bob');
    for (const face of [ownFace, rtkitFace]) {
      expect(await caller.fresh(face, 'MakeThreadHighPriorityWithPID', 'tti', 1, 2, -3)).toMatchObject({ ok: true });
      expect(broker.asked.at(-1)).toMatchObject({
        caller: { uid: rig.users.bob.uid, pid: caller.pid },
        wanted: { process: 1n, thread: 2n, scheduling: { nice: -3 } },
      });
    }
  });

  test('who leaves while he is asked about leaves nothing behind', async () => {
    const before = journal.lines.length;
    const caller = await rig.spawnCaller();
    for (let i = 0; i < 50; i++) {
      await caller.connect();
      await caller.send(ownFace, 'MakeThreadRealtime', 'tu', 0, 1);
      await caller.close();
    }
    expect(await caller.fresh(peer, 'Ping')).toMatchObject({ ok: true });
    expect(journal.lines.slice(before)).toEqual([]);
  });

  test('who floods without wanting answers is served, and others too', async () => {
    const [flooder, bystander] = [await rig.spawnCaller(), await rig.spawnCaller('bob')];
    await flooder.connect();
    const flood = async () => {
      for (let i = 0; i < 300; i++) await flooder.noreply(ownFace, 'MakeThreadRealtime', 's', 'nonsense');
    };
    const [, crowd] = await Promise.all([flood(), bystander.crowd(1, 300, peer, 'Ping')]);
    expect(crowd).toMatchObject({ granted: 300, errors: {} });
  });
});

describe('a listener', () => {
  test('hears what has changed', async () => {
    const listener = await RawCaller.connect(rig.address);
    await listener.listen("type='signal',interface='org.freedesktop.DBus.Properties'");
    health.set('some-word', true);
    expect(await listener.signal).toEqual({
      signature: 'sa{sv}as',
      body: [ownFace.name, [['Degraded', ['some-word']]], []],
    });
    health.set('some-word', false);
    listener.close();
  });
});

describe('a name that is taken', () => {
  test('ends the second broker', async () => {
    const second = await connectBus(rig.address);
    await expect(serve(second, { ...service, broker: new FakeBroker() })).rejects.toThrow(NameTaken);
    second.close();
  });
});

describe('no message that the bus lets through does any harm:', () => {
  const little = new Encoder();
  const big = new Encoder(true);
  const make = little.call('MakeThreadRealtime', ownFace.path, ownFace.name, 'tu');
  const of = (signature: string) => little.call('MakeThreadRealtime', ownFace.path, ownFace.name, signature);
  const body = Buffer.concat([little.uint64(1n), little.uint32(1)]);
  const mega = 16 * 1024 * 1024;
  const invalid = 'org.freedesktop.DBus.Error.InvalidArgs';
  const limits = 'org.freedesktop.DBus.Error.LimitsExceeded';

  type Sent = Parameters<RawCaller['send']>[2];
  const table: readonly (readonly [title: string, sent: () => Sent, answer: string, encoder?: Encoder])[] = [
    ['an ordinary one', () => ({ fields: make, body }), 'reply'],
    [
      'a big-endian one',
      () => ({
        fields: big.call('MakeThreadRealtime', ownFace.path, ownFace.name, 'tu'),
        body: Buffer.concat([big.uint64(1n), big.uint32(1)]),
      }),
      'reply',
      big,
    ],
    [
      'one with a header field nobody knows',
      () => ({ fields: [...make, little.unknown('u', 4, little.uint32(7))], body }),
      'reply',
    ],
    [
      'one that has 16 MB of it, which the bus strikes out',
      () => ({ fields: [little.unknown('ay', 4, little.string(Buffer.alloc(mega)).subarray(0, -1)), ...make], body }),
      'reply',
    ],
    [
      'one to an object path of 16 MB',
      () => ({ fields: [little.unknown('o', 4, little.string(`/${'a'.repeat(mega)}`), 1), ...make.slice(1)], body }),
      limits,
    ],
    ['16 MB of bytes', () => ({ fields: of('ay'), body: little.string(Buffer.alloc(mega)).subarray(0, -1) }), limits],
    [
      '16 MB of empty arrays',
      () => ({ fields: of('aau'), body: Buffer.concat([little.uint32(mega), Buffer.alloc(mega)]) }),
      limits,
    ],
    [
      'many empty arrays',
      () => ({ fields: of('aau'), body: Buffer.concat([little.uint32(60_000), Buffer.alloc(60_000)]) }),
      invalid,
    ],
    ['variants 60 deep', () => ({ fields: of('v'), body: nested(60) }), invalid],
    [
      'a dictionary with strange keys',
      () => ({ fields: of('a{ss}'), body: dictionary(['__proto__', 'constructor']) }),
      invalid,
    ],
    ['no arguments', () => ({ fields: of('').slice(0, -1) }), invalid],
    ['a signature of 255 characters', () => ({ fields: of('y'.repeat(255)), body: Buffer.alloc(255) }), invalid],
    ...['__proto__', 'constructor', 'emit', 'toString', 'then'].map((member): [string, () => Sent, string] => [
      `a member called ${member}`,
      () => ({ fields: little.call(member, ownFace.path, ownFace.name) }),
      'org.freedesktop.DBus.Error.UnknownMethod',
    ]),
  ];

  function dictionary(keys: readonly string[]): Buffer {
    let entries = Buffer.alloc(0);
    for (const key of keys) {
      const keyAt = Buffer.concat([entries, Buffer.alloc(-entries.length & 7), little.string(key)]);
      entries = Buffer.concat([keyAt, Buffer.alloc(-keyAt.length & 3), little.string('x')]);
    }
    return Buffer.concat([little.uint32(entries.length), Buffer.alloc(4), entries]);
  }

  for (const [title, sent, answer, encoder = little] of table)
    test(`${title}: ${answer.split('.').at(-1)}`, async () => {
      const caller = await RawCaller.connect(rig.address);
      expect(await caller.send(encoder, ownFace.name, sent())).toBe(answer);
      // And the next one is answered as ever.
      expect(await caller.send(little, ownFace.name, { fields: make, body })).toBe('reply');
      caller.close();
    });

  for (const type of [2, 3, 4, 5, 255])
    test(`a message of type ${type} that answers nothing`, async () => {
      const caller = await RawCaller.connect(rig.address);
      const error = little.unknown('s', 4, little.string('a.b'), 4);
      const serial = little.unknown('u', 4, little.uint32(3), 5);
      void caller.send(little, ownFace.name, { type, fields: [...make, error, serial], body });
      const other = await RawCaller.connect(rig.address);
      expect(await other.send(little, ownFace.name, { fields: make, body })).toBe('reply');
      caller.close();
      other.close();
    });

  test('a file descriptor', async () => {
    const caller = await rig.spawnCaller();
    expect(await caller.fresh(ownFace, 'MakeThreadRealtime', 'h', 0)).toMatchObject({ ok: false });
    expect(await caller.fresh(peer, 'Ping')).toMatchObject({ ok: true });
  });

  test('nothing of it was a fault', () => expect(journal.lines).toEqual([]));
});

describe('the end of the bus', () => {
  test('is told, and waiting calls end', async () => {
    const other = await startRig({ withPolkit: false });
    const silent = await connectBus(other.address);
    await silent.requestName(ownFace.name);
    const lost = await connectBus(other.address);
    const never = { destination: ownFace.name, path: '/', interface: 'a.b', member: 'C' };
    const waiting = lost.call(never, '', [], '').catch((fault: unknown) => fault);
    await other.stop();
    expect(await waiting).toMatchObject({ name: 'org.freedesktop.DBus.Error.Disconnected' });
    await expect(lost.closed).resolves.toBe('the bus closed the connection');
  });
});
