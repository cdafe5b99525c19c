import { beforeEach, expect, test } from 'vitest';
import { type Entry, entryOf } from '../../src/journal/entry.ts';
import { Outbox } from '../../src/journal/outbox.ts';
import type { Delivery, Sink } from '../../src/journal/sink.ts';

/** A reader who keeps up, is behind, or is not there. */
class FakeSink implements Sink {
  delivery: Delivery = 'sent';
  /** How many more it takes before it is behind. */
  room = Number.POSITIVE_INFINITY;
  readonly texts: string[] = [];
  readonly elsewhere: string[] = [];

  send({ text }: Entry): Delivery {
    if (this.delivery !== 'sent') return this.delivery;
    if (this.room === 0) return 'later';
    this.room--;
    this.texts.push(text);
    return 'sent';
  }

  sendElsewhere({ text }: Entry): void {
    this.elsewhere.push(text);
  }

  [Symbol.dispose](): void {}
}

let sink: FakeSink;
let outbox: Outbox;
/** The timer, if there is one. */
let due: { readonly callback: () => void; readonly msec: number } | undefined;

beforeEach(() => {
  due = undefined;
  sink = new FakeSink();
  outbox = new Outbox(sink, (callback, msec) => {
    expect(due).toBeUndefined();
    due = { callback, msec };
    return {
      [Symbol.dispose]: () => {
        due = undefined;
      },
    };
  });
});

const put = (...texts: string[]) => {
  for (const text of texts) outbox.put(entryOf('info', text));
};

function elapse(): number {
  const { callback, msec } = due!;
  due = undefined;
  callback();
  return msec;
}

test('what can be sent is sent at once, and leaves no timer', () => {
  put('a', 'b');
  expect(sink.texts).toEqual(['a', 'b']);
  expect(due).toBeUndefined();
});

test('what cannot be sent waits, in order, and goes with the timer', () => {
  sink.room = 1;
  put('a', 'b', 'c');
  expect(sink.texts).toEqual(['a']);
  sink.room = 9;
  elapse();
  expect(sink.texts).toEqual(['a', 'b', 'c']);
  expect(due).toBeUndefined();
});

test('it goes with the next entry, too, and takes the timer along', () => {
  sink.room = 0;
  put('a');
  sink.room = 9;
  put('b');
  expect(sink.texts).toEqual(['a', 'b']);
  expect(due).toBeUndefined();
});

test('a reader who takes some gets the others later', () => {
  sink.room = 0;
  put('a', 'b', 'c');
  sink.room = 2;
  elapse();
  expect(sink.texts).toEqual(['a', 'b']);
  sink.room = 9;
  elapse();
  expect(sink.texts).toEqual(['a', 'b', 'c']);
});

test('the longer the reader is behind, the more seldom he is tried, and no more seldom than each second', () => {
  sink.room = 0;
  put('a');
  expect(Array.from({ length: 9 }, elapse)).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
  sink.room = 1;
  elapse();
  put('b');
  expect(due?.msec).toBe(10);
});

test('a reader who goes on reading, however slowly, is tried again soon', () => {
  sink.room = 0;
  put('a', 'b', 'c');
  expect([elapse(), elapse(), elapse()]).toEqual([10, 20, 40]);
  sink.room = 1;
  elapse();
  expect(due?.msec).toBe(10);
});

test('it holds 1024 entries, loses the newest, and says how many when the others are gone', () => {
  sink.room = 0;
  put(...Array.from({ length: 1030 }, (_, index) => String(index)));
  sink.room = Number.POSITIVE_INFINITY;
  elapse();
  expect(sink.texts).toHaveLength(1025);
  expect(sink.texts.slice(-2)).toEqual(['1023', '6 messages were lost: nobody read them.']);
  put('after');
  expect(sink.texts.at(-1)).toBe('after');
  expect(sink.texts).toHaveLength(1026);
});

test('it holds about a MiB, and is empty again when all of it is sent', () => {
  const fill = () => {
    sink.room = 0;
    put(...Array.from({ length: 1000 }, () => 'x'.repeat(4000)));
    const before = sink.texts.length;
    sink.room = Number.POSITIVE_INFINITY;
    elapse();
    return sink.texts.length - before - 1;
  };
  const held = fill();
  expect(held).toBeGreaterThan(100);
  expect(held).toBeLessThan(132);
  expect(sink.texts.at(-1)).toBe(`${1000 - held} messages were lost: nobody read them.`);
  expect(fill()).toBe(held);
});

test('who falls behind again hears of the lost all the same, once', () => {
  sink.room = 0;
  put(...Array.from({ length: 1025 }, () => 'x'));
  sink.room = 1024;
  elapse();
  expect(sink.texts).toHaveLength(1024);
  sink.room = 9;
  elapse();
  expect(sink.texts.slice(1024)).toEqual(['1 message was lost: nobody read them.']);
  expect(due).toBeUndefined();
});

test('where nobody reads nothing is kept and no timer runs, and the count is told to who comes', () => {
  sink.delivery = 'never';
  put('a', 'b');
  expect(due).toBeUndefined();
  sink.delivery = 'sent';
  put('c');
  expect(sink.texts).toEqual(['2 messages were lost: nobody read them.', 'c']);
});

test('a reader who goes away while entries wait lets go of them', () => {
  sink.room = 0;
  put('a', 'b');
  sink.delivery = 'never';
  elapse();
  expect(due).toBeUndefined();
  sink.delivery = 'sent';
  sink.room = 9;
  put('c');
  expect(sink.texts).toEqual(['2 messages were lost: nobody read them.', 'c']);
});

test('at the end what waits is tried once more, then goes elsewhere', () => {
  sink.room = 0;
  put('a', 'b', 'c');
  sink.room = 1;
  outbox[Symbol.dispose]();
  expect(sink.texts).toEqual(['a']);
  expect(sink.elsewhere).toEqual(['b', 'c']);
  expect(due).toBeUndefined();
});
