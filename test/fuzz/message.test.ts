import { expect, test } from 'vitest';
import { Frames } from '../../src/bus/frames.ts';
import { readBody } from '../../src/bus/wire.ts';
import { Messages } from './message.ts';

const ids = [4000, 4001];

test('a message comes of its seed and number alone', () => {
  const again = () => new Messages(7, ids).message(123_456, 5);
  expect(again()).toEqual(again());
  expect(new Messages(8, ids).message(123_456, 5).bytes).not.toEqual(again().bytes);
});

test('what is not meant to be malformed is whole: header and body can be read', () => {
  const messages = new Messages(1, ids);
  let read = 0;
  for (let index = 0; index < 1000; index++) {
    const { bytes, isRude, says } = messages.message(index, index + 1);
    if (isRude) continue;
    const [frame, ...more] = new Frames().feed(bytes);
    expect([says, frame?.serial, more]).toEqual([says, index + 1, []]);
    if (frame?.body === undefined) continue;
    expect(() => readBody(frame, frame.fields.signature ?? ''), says).not.toThrow();
    read++;
  }
  expect(read).toBeGreaterThan(900);
});
