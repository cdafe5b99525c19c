import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, type Face, type Heard, ownFace } from '../rig/caller.ts';
import { Ear, threadOf } from '../rig/ear.ts';
import { standardError } from '../rig/refusals.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

const bus: Face = { name: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

const subscribed = async (user: UserName): Promise<Ear> => Ear.subscribed(await stage.caller(user));

const grant = async (caller: Caller, priority = 5): Promise<number> => {
  const tid = await caller.thread();
  dataOf(await ask(ownFace, realtime(caller, tid, priority)));
  return tid;
};

/** Of all connections: what NameOwnerChanged they are told of. */
async function watchedNames(): Promise<readonly string[]> {
  const stats: Face = { ...bus, interface: 'org.freedesktop.DBus.Debug.Stats' };
  const [rules] = dataOf(await stage.root.call(stats, 'GetAllMatchRules')) as [Record<string, readonly string[]>];
  const watching = Object.values(rules).find((each) => each.some((rule) => rule.includes('PrepareForSleep'))) ?? [];
  return watching.flatMap((rule) => /arg0='(.*)'/.exec(rule)?.[1] ?? []);
}
const standing = ['org.freedesktop.login1', 'org.freedesktop.PolicyKit1'];

describe('a subscriber', () => {
  test("hears of his user's grants, root of everybody's, and nobody else", async () => {
    const [alice, carol, bob, root] = await Promise.all((['alice', 'carol', 'bob', 'root'] as const).map(subscribed));
    const [hers, theirs] = [await stage.caller('alice'), await stage.caller('carol')];
    const first = await grant(hers);
    const second = await grant(theirs);
    await hers.end(first);
    await theirs.stop();

    const ofFirst = [`GrantAdded ${first}`, `GrantRemoved ${first}`];
    const ofSecond = [`GrantAdded ${second}`, `GrantRemoved ${second}`];
    await expect.poll(async () => [...((await root?.said()) ?? [])].sort()).toEqual([...ofFirst, ...ofSecond].sort());
    expect(await alice?.said()).toEqual(ofFirst);
    expect(await carol?.said()).toEqual(ofSecond);
    expect(await bob?.said()).toEqual([]);
  });

  test('hears of a grant what ListGrants says, and when it is over what of that is true', async () => {
    const ear = await subscribed('alice');
    const alice = await stage.caller();
    const tid = await grant(alice);
    const [[listed]] = dataOf(await alice.call(ownFace, 'ListGrants')) as [Record<string, unknown>[]];
    dataOf(await ask(ownFace, highPriority(alice, tid, 0)));

    const { CpuUSec: _, ...still } = listed ?? {};
    const { ActualPolicy: _1, ActualPriority: _2, State: _3, Reason: _4, OverLimit: _5, ...past } = still;
    const usec = { type: 't', data: expect.any(Number) };
    expect(await ear.all()).toEqual([
      expect.objectContaining({ member: 'GrantAdded', type: 'a{sv}', data: [{ ...still, CpuUSec: usec }] }),
      expect.objectContaining({ member: 'GrantRemoved', type: 'a{sv}s', data: [past, 'given-back'] }),
    ]);
  });

  test('hears of a grant in place of another one signal', async () => {
    const ear = await subscribed('alice');
    const alice = await stage.caller();
    const tid = await grant(alice);
    dataOf(await ask(ownFace, highPriority(alice, tid, -5)));
    expect(await ear.said()).toEqual([`GrantAdded ${tid}`, `GrantAdded ${tid}`]);
  });

  test('hears no more when he has unsubscribed', async () => {
    const caller = await stage.caller();
    const ear = new Ear(caller);
    dataOf(await caller.call(ownFace, 'Subscribe'));
    dataOf(await caller.call(ownFace, 'Subscribe'));
    dataOf(await caller.call(ownFace, 'Unsubscribe'));
    dataOf(await caller.call(ownFace, 'Unsubscribe'));
    await grant(caller);
    expect(await ear.said()).toEqual([]);
    expect(await watchedNames()).toEqual(standing);
  });

  test('is forgotten when he leaves, and the bus need not tell of him any more', async () => {
    expect(await watchedNames()).toEqual(standing);
    const [alice, bob] = [await stage.caller(), await stage.caller('bob')];
    const names = [await alice.connect(), await bob.connect()];
    for (const caller of [alice, bob]) dataOf(await caller.call(ownFace, 'Subscribe'));
    expect([...(await watchedNames())].sort()).toEqual([...names, ...standing].sort());

    await alice.close();
    await expect.poll(watchedNames, { interval: 2 }).toEqual([...standing, names[1]]);
    bob.kill();
    await expect.poll(watchedNames, { interval: 2 }).toEqual(standing);
  });

  test('who leaves at once is forgotten at once', async () => {
    const alice = await stage.caller();
    for (let i = 0; i < 50; i++) {
      await alice.connect();
      await alice.send(ownFace, 'Subscribe');
      await alice.close();
    }
    await expect.poll(watchedNames, { interval: 2 }).toEqual(standing);
  });

  test('is one of 16 of his user', async () => {
    const [alice, bob] = [await stage.caller(), await stage.caller('bob')];
    for (const _ of ['first', 'when all have gone'])
      await expect
        .poll(() => alice.crowd(18, 1, ownFace, 'Subscribe'), { interval: 5 })
        .toMatchObject({ granted: 16, errors: { [standardError('LimitsExceeded')]: 2 } });
    expect(await bob.call(ownFace, 'Subscribe')).toMatchObject({ ok: true });
  });

  test('is not put out by others who say that he has left', async () => {
    const alice = await stage.caller();
    const ear = new Ear(alice);
    const name = await alice.connect();
    dataOf(await alice.call(ownFace, 'Subscribe'));

    const [broker] = dataOf(await stage.root.call(bus, 'GetNameOwner', 's', ownFace.name));
    const emit = ['emit', '--system', '--dest', `${broker}`, '--object-path', bus.path];
    const lie = ['--signal', `${bus.name}.NameOwnerChanged`, `'${name}'`, `'${name}'`, "''"];
    expect(await stage.rig.gdbus([...emit, ...lie], 'bob')).toMatchObject({ code: 0, stderr: '' });
    const tid = await grant(alice);
    expect(await ear.said()).toEqual([`GrantAdded ${tid}`]);
  });
});

test('busctl shows all signals, with what they say', async () => {
  const { stdout } = await stage.rig.busctl(['introspect', ownFace.name, ownFace.path, ownFace.name], 'bob');
  const lines = stdout.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
  expect(lines.filter((line) => line.includes(' signal ')).sort()).toEqual([
    '.GrantAdded signal a{sv} - -',
    '.GrantRemoved signal a{sv}s - -',
    '.Starved signal ut - -',
    '.ThreadDemoted signal tts - -',
    '.ThreadRestored signal tt - -',
  ]);
});

test('the last that is heard is that all grants are over', async () => {
  const other = await Stage.start();
  const alice = await other.caller();
  dataOf(await alice.call(ownFace, 'Subscribe'));
  const tids = [await grant(alice), await grant(alice)];
  other.broker.signal('SIGTERM');
  await other.broker.exited;

  const heard: Heard[] = [];
  const over = async () => {
    heard.push(...(await alice.signals()));
    return heard.filter(({ member }) => member === 'GrantRemoved').map(({ data }) => [threadOf(data), data[1]]);
  };
  await expect.poll(over, { interval: 2 }).toEqual(tids.map((tid) => [tid, 'stopped']));
  await other.stop();
});
