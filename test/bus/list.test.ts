import { describe, expect, test } from 'vitest';
import { Frames } from '../../src/bus/frames.ts';
import { marshalList } from '../../src/bus/list.ts';
import { Misuse } from '../../src/bus/misuse.ts';
import { describeGrant } from '../../src/bus/views.ts';
import { type Dictionary, marshal, messageTypes } from '../../src/bus/wire.ts';
import { Turns } from '../../src/turns.ts';
import { aView } from './fake-broker.ts';
import { read, settled } from './fake-daemon.ts';

const turn = () => {
  const turns = new Turns();
  return () => turns.next();
};

/** Dictionaries of all lengths, so that they end at all offsets. */
const dictionaries = (count: number): readonly Dictionary[] =>
  Array.from({ length: count }, (_, i) => [
    ['Name', ['s', 'x'.repeat(i % 11)]],
    ['Number', ['t', BigInt(i)]],
  ]);

const reply = { type: messageTypes.reply, serial: 5, replySerial: 6, destination: ':1.7', signature: 'aa{sv}' };

describe('a list', () => {
  for (const count of [0, 1, 2, 31, 32, 33, 100])
    test(`of ${count} is written as if in one piece`, async () => {
      const list = await marshalList(dictionaries(count), turn());
      expect(marshal({ ...reply, body: list })).toEqual(marshal({ ...reply, body: [dictionaries(count)] }));
    });

  test('of grants is read back as it was', async () => {
    const list = await marshalList([describeGrant(aView), describeGrant(aView)], turn());
    const [frame] = new Frames().feed(marshal({ ...reply, body: list }));
    const plain = describeGrant(aView).map(([key, [, value]]) => [key, value]);
    expect(frame && read(frame).body).toEqual([[plain, plain]]);
  });

  test('too long for one message is an error, and is not even read to its end', async () => {
    let readEntries = 0;
    function* endless(): Iterable<Dictionary> {
      for (;;) {
        readEntries++;
        yield [['Name', ['s', 'x'.repeat(1024 * 1024)]]];
      }
    }
    await expect(marshalList(endless(), turn())).rejects.toThrow(Misuse);
    expect(readEntries).toBeLessThan(20);
  });

  test('however long lets others have their turn in between', async () => {
    let done = false;
    void marshalList(dictionaries(1000), turn()).then(() => {
      done = true;
    });
    let turns = 0;
    while (!done) {
      await settled();
      turns++;
    }
    expect(turns).toBeGreaterThan(1000 / 64);
  });
});
