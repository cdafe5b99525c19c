import { describe, expect, test } from 'vitest';
import { Ledger } from '../../src/core/ledger.ts';
import type { Kind } from '../../src/core/scheduling.ts';
import type { Thread } from '../../src/core/thread.ts';
import { aGrant, aThread } from './threads.ts';

const give = (ledger: Ledger, thread: Thread, kind: Kind = 'realtime') => {
  using hold = ledger.hold(thread, kind);
  hold.keep(aGrant(thread, kind === 'realtime' ? { kind, priority: 10 } : { kind, nice: -11 }));
};

describe('a place', () => {
  test('is taken by a hold and given back by its scope', () => {
    const ledger = new Ledger();
    const thread = aThread();
    {
      using _hold = ledger.hold(thread, 'realtime');
      expect(ledger.standing(aThread({ tid: 501 }), 'realtime').userThreads).toBe(1);
    }
    expect(ledger.standing(thread, 'realtime')).toMatchObject({ hasPlace: false, userThreads: 0, users: 0 });
    expect(ledger.threadCount).toBe(0);
  });

  test('stays taken once it is kept', () => {
    const ledger = new Ledger();
    give(ledger, aThread());
    expect(ledger.standing(aThread({ tid: 501 }), 'realtime')).toEqual({
      hasPlace: false,
      userThreads: 1,
      processThreads: 1,
      processes: 1,
      knownProcess: true,
      users: 1,
      knownUser: true,
    });
  });

  test('is one for all requests of the same thread and kind', () => {
    const ledger = new Ledger();
    const thread = aThread();
    give(ledger, thread);
    {
      using _first = ledger.hold(thread, 'realtime');
      using _second = ledger.hold(thread, 'realtime');
      expect(ledger.standing(thread, 'realtime')).toMatchObject({ hasPlace: true, userThreads: 1 });
    }
    expect(ledger.standing(thread, 'realtime').userThreads).toBe(1);
    ledger.end(thread);
    expect(ledger.standing(thread, 'realtime').userThreads).toBe(0);
  });

  test('of one kind is given up when the thread gets the other', () => {
    const ledger = new Ledger();
    const thread = aThread();
    give(ledger, thread, 'realtime');
    give(ledger, thread, 'high-priority');
    expect(ledger.usage(thread.process.uid)).toEqual({ processes: 1, realtimeThreads: 0, highPriorityThreads: 1 });
    expect(ledger.threadCount).toBe(1);
  });

  test('of a pending request outlives the end of the grant it would replace', () => {
    const ledger = new Ledger();
    const thread = aThread();
    give(ledger, thread);
    {
      using _hold = ledger.hold(thread, 'realtime');
      ledger.end(thread);
      expect(ledger.standing(thread, 'realtime').userThreads).toBe(1);
    }
    expect(ledger.standing(thread, 'realtime').userThreads).toBe(0);
  });
});

describe('a grant', () => {
  test('of a thread whose tid was used before is a grant of its own', () => {
    const ledger = new Ledger();
    const [before, after] = [aThread({ starttime: 1n }), aThread({ starttime: 2n })];
    give(ledger, before);
    expect(ledger.find(after)).toBeUndefined();
    give(ledger, after);
    expect(ledger.end(before)?.thread).toEqual(before);
    expect(ledger.find(after)?.thread).toEqual(after);
  });

  test('is found by its user, its pid and its thread', () => {
    const ledger = new Ledger();
    const mine = aThread({ uid: 1000, pid: 500 });
    const worker = aThread({ uid: 1000, pid: 500, tid: 501 });
    const yours = aThread({ uid: 1001, pid: 600 });
    for (const thread of [mine, worker, yours]) give(ledger, thread);
    const threads = (grants: Iterable<{ thread: Thread }>) => [...grants].map((grant) => grant.thread.tid);
    expect(threads(ledger.grants(mine.process.uid))).toEqual([500, 501]);
    expect(threads(ledger.grantsOf(yours.process))).toEqual([600]);
    expect(ledger.processesOfPid(mine.process.pid)).toEqual([mine.process]);
    expect(threads(ledger.grants())).toEqual([500, 501, 600]);
    expect([ledger.threadCount, ledger.processCount, ledger.userCount]).toEqual([3, 2, 2]);
  });

  test('that is ended twice is ended once', () => {
    const ledger = new Ledger();
    give(ledger, aThread());
    expect(ledger.end(aThread())).toBeDefined();
    expect(ledger.end(aThread())).toBeUndefined();
    expect([ledger.threadCount, ledger.processCount, ledger.userCount]).toEqual([0, 0, 0]);
  });
});

/** A seeded walk: whatever holds, keeps and ends happen, the book adds up to what a naive count says. */
test('the book adds up after any order of holds, keeps and ends', () => {
  let seed = 20_261_120;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const ledger = new Ledger();
  const threads = Array.from({ length: 24 }, (_, n) => aThread({ uid: n % 3, pid: 100 + (n % 6), tid: 100 + n }));
  const kinds: readonly Kind[] = ['realtime', 'high-priority'];
  const holds: { hold: ReturnType<Ledger['hold']>; thread: Thread; kind: Kind }[] = [];
  const granted = new Map<Thread, Kind>();

  for (let step = 0; step < 5_000; step++) {
    const thread = threads[random(threads.length)] as Thread;
    const kind = kinds[random(2)] as Kind;
    switch (random(4)) {
      case 0:
        holds.push({ hold: ledger.hold(thread, kind), thread, kind });
        break;
      case 1: {
        const [taken] = holds.splice(random(holds.length || 1), 1);
        if (taken === undefined) break;
        const level = taken.kind === 'realtime' ? { kind: taken.kind, priority: 1 } : { kind: taken.kind, nice: -1 };
        taken.hold.keep(aGrant(taken.thread, level));
        taken.hold[Symbol.dispose]();
        granted.set(taken.thread, taken.kind);
        break;
      }
      case 2:
        holds.splice(random(holds.length || 1), 1)[0]?.hold[Symbol.dispose]();
        break;
      case 3:
        expect(ledger.end(thread) !== undefined).toBe(granted.delete(thread));
        break;
    }
    const places = new Set([
      ...[...granted].map(([{ tid, process }, of]) => `${process.uid} ${of} ${tid}`),
      ...holds.map(({ thread: { tid, process }, kind: of }) => `${process.uid} ${of} ${tid}`),
    ]);
    const { uid } = thread.process;
    const count = (of: Kind) => [...places].filter((place) => place.startsWith(`${uid} ${of} `)).length;
    expect(ledger.usage(uid).realtimeThreads).toBe(count('realtime'));
    expect(ledger.usage(uid).highPriorityThreads).toBe(count('high-priority'));
    expect(ledger.threadCount).toBe(granted.size);
  }
});
