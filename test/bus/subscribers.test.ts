import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/bus/connection.ts';
import { Misuse } from '../../src/bus/misuse.ts';
import { Owners } from '../../src/bus/owners.ts';
import { Subscribers } from '../../src/bus/subscribers.ts';
import type { Pid, Uid } from '../../src/core/thread.ts';
import type { Reach } from '../../src/ports.ts';
import { FakeDaemon, settled } from './fake-daemon.ts';

const [root, alice, bob] = [0, 1000, 1001] as readonly number[] as [Uid, Uid, Uid];

let daemon: FakeDaemon;
let subscribers: Subscribers;
beforeEach(() => {
  daemon = new FakeDaemon();
  subscribers = new Subscribers(new Owners(new Connection(daemon)));
});

const come = (name: string, uid: Uid) => {
  daemon.people.set(name, { uid, pid: 1 });
  return { name, uid, pid: 1 as Pid };
};
const subscribe = (name: string, uid: Uid, reach: Reach = 'own') => subscribers.add(come(name, uid), reach);

/** So many connections of one user. */
const crowd = async (count: number, uid: Uid): Promise<void> => {
  for (let i = 0; i < count; i++) await subscribe(`:${uid}.${i}`, uid);
};

describe('a grant concerns', () => {
  test("its user's subscribers and those who may look at everybody's, and nobody else", async () => {
    await subscribe(':1.1', alice);
    await subscribe(':1.2', alice);
    await subscribe(':1.3', bob);
    await subscribe(':1.4', root, 'anyone');
    come(':1.5', alice);
    expect(subscribers.concerned(alice)).toEqual([':1.1', ':1.2', ':1.4']);
    expect(subscribers.concerned(bob)).toEqual([':1.3', ':1.4']);
    expect(subscribers.concerned(root)).toEqual([':1.4']);
  });

  test('who subscribes again with another reach, by that one', async () => {
    await subscribe(':1.3', bob);
    await subscribe(':1.3', bob, 'anyone');
    expect(subscribers.concerned(alice)).toEqual([':1.3']);
    await subscribe(':1.3', bob, 'own');
    expect(subscribers.concerned(alice)).toEqual([]);
    expect(daemon.rules).toHaveLength(1);
  });

  test('nobody who has left, or does not want to hear of it any more', async () => {
    await subscribe(':1.1', alice);
    await subscribe(':1.2', alice);
    daemon.leave(':1.1');
    subscribers.remove(':1.2');
    subscribers.remove(':1.9');
    expect(subscribers.concerned(alice)).toEqual([]);
  });

  test('nobody who had left before he could be watched', async () => {
    const early = come(':1.1', alice);
    daemon.leave(':1.1');
    await subscribers.add(early, 'own');
    expect(subscribers.concerned(alice)).toEqual([]);
    await settled();
    expect(daemon.rules).toEqual([]);
  });
});

describe('of match rules there is', () => {
  test('none while nobody subscribes, and one a subscriber', async () => {
    expect(daemon.asked).toEqual([]);
    await subscribe(':1.1', alice);
    await subscribe(':1.2', bob);
    expect(daemon.rules.map((rule) => rule.split(',').at(-1))).toEqual(["arg0=':1.1'", "arg0=':1.2'"]);
  });

  test('none left, whichever way a subscription ends', async () => {
    await subscribe(':1.1', alice);
    await subscribe(':1.2', bob);
    daemon.leave(':1.1');
    subscribers.remove(':1.2');
    await settled();
    expect(daemon.rules).toEqual([]);
  });

  test('one for who subscribes twice, even at once, and Unsubscribe ends it', async () => {
    await Promise.all([subscribe(':1.1', alice), subscribe(':1.1', alice)]);
    await subscribe(':1.1', alice);
    expect(daemon.rules).toHaveLength(1);
    subscribers.remove(':1.1');
    await settled();
    expect([daemon.rules, subscribers.concerned(alice)]).toEqual([[], []]);
  });

  test('one for who comes back while he is asked about', async () => {
    const first = subscribe(':1.1', alice);
    subscribers.remove(':1.1');
    await Promise.all([first, subscribe(':1.1', alice)]);
    await settled();
    expect(daemon.rules).toHaveLength(1);
    expect(subscribers.concerned(alice)).toEqual([':1.1']);
  });
});

describe('there is place', () => {
  const full = { constructor: Misuse, kind: 'LimitsExceeded' };

  test('for 16 connections of a user, and again when one has left', async () => {
    await crowd(16, alice);
    const text = '16 connections of this user subscribe already. Unsubscribe one before subscribing another.';
    await expect(async () => subscribe(':1.1', alice)).rejects.toMatchObject({ ...full, message: text });
    await subscribe(':1.2', bob);
    daemon.leave(`:${alice}.3`);
    await subscribe(':1.1', alice);
    expect(subscribers.concerned(alice)).toHaveLength(16);
  });

  test('for 256 in all, and then for root alone', async () => {
    for (let user = 0; user < 16; user++) await crowd(16, (2000 + user) as Uid);
    await expect(async () => subscribe(':1.1', bob)).rejects.toMatchObject(full);
    await crowd(16, root);
    await expect(async () => subscribe(':1.2', root)).rejects.toMatchObject(full);
  });

  test('for who was refused by the bus, later', async () => {
    daemon.failing.add('AddMatch');
    for (let i = 0; i < 20; i++) await expect(subscribe(':1.1', alice)).rejects.toThrow('no');
    expect(subscribers.concerned(alice)).toEqual([]);
    daemon.failing.clear();
    await subscribe(':1.1', alice);
    expect(subscribers.concerned(alice)).toEqual([':1.1']);
  });
});
