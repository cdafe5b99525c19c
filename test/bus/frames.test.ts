import { describe, expect, test, vi } from 'vitest';
import { Cursor, Malformed } from '../../src/bus/cursor.ts';
import { bodyMax, type Frame, Frames } from '../../src/bus/frames.ts';
import { readBody } from '../../src/bus/wire.ts';
import { Encoder, type Field, nested, type Raw } from './nasty.ts';

const little = new Encoder();
const big = new Encoder(true);
const fields = little.call('Ping', '/', 'org.freedesktop.DBus.Peer');
const good: Raw = { serial: 9, fields };
const mega = 16 * 1024 * 1024;
const u = (value: number): Buffer => little.uint32(value);

/** A message, and one behind it, which must be found where it is. */
function framesOf(message: Buffer, chunkBytes = 64 * 1024): readonly Frame[] {
  const frames = new Frames();
  const found: Frame[] = [];
  const stream = Buffer.concat([message, little.message({ ...good, serial: 10 })]);
  const buffer = Buffer.alloc(chunkBytes);
  for (let at = 0; at < stream.length; at += chunkBytes) {
    // As in real life all chunks come in one buffer, and a body lasts as long as its chunk.
    const bytes = stream.copy(buffer, 0, at);
    for (const frame of frames.feed(buffer.subarray(0, bytes)))
      found.push({ ...frame, body: frame.body && Buffer.from(frame.body) });
  }
  expect(found.at(-1)).toMatchObject({ serial: 10, fields: { member: 'Ping' } });
  return found.slice(0, -1);
}

describe('messages', () => {
  const arguments_ = Buffer.concat([little.uint64(77n), little.uint32(5)]);
  const call = little.message({
    serial: 9,
    flags: 1,
    fields: little.call('MakeThreadRealtime', '/a', 'b.c', 'tu'),
    body: arguments_,
  });

  for (const chunkBytes of [1, 2, 3, 7, 16, 17, 100, 64 * 1024])
    test(`are found whole when they come in pieces of ${chunkBytes} bytes`, () => {
      const [frame] = framesOf(call, chunkBytes);
      expect(frame).toMatchObject({
        type: 1,
        flags: 1,
        serial: 9,
        fields: { path: '/a', interface: 'b.c', member: 'MakeThreadRealtime', sender: ':1.7', signature: 'tu' },
      });
      expect(readBody(frame as Frame, 'tu')).toEqual([77n, 5]);
    });

  test('of the other byte order are read, too', () => {
    const message = big.message({
      serial: 0x01020304,
      fields: [...big.call('M', '/a', 'b.c', 'tu'), { code: 5, signature: 'u', value: () => big.uint32(0x0a0b0c0d) }],
      body: Buffer.concat([big.uint64(77n), big.uint32(5)]),
    });
    const [frame] = framesOf(message);
    expect(frame).toMatchObject({
      serial: 0x01020304,
      fields: { member: 'M', signature: 'tu', replySerial: 0x0a0b0c0d },
    });
    expect(readBody(frame as Frame, 'tu')).toEqual([77n, 5]);
  });

  test('without fields are messages', () => {
    expect(framesOf(little.message({ ...good, fields: [] }))).toMatchObject([{ serial: 9, fields: {} }]);
  });

  test('of any type are handed on', () => {
    expect(framesOf(little.message({ ...good, type: 200 }))).toMatchObject([{ type: 200 }]);
  });
});

describe('header fields nobody needs', () => {
  const table: readonly (readonly [title: string, field: Field])[] = [
    ['a byte', little.unknown('y', 1, Buffer.from([1]))],
    ['a code of 0', little.unknown('s', 4, little.string('x'), 0)],
    ['a known code with another type', little.unknown('u', 4, u(5), 1)],
    ['a known code with a longer type', little.unknown('(s)', 8, little.string('x'), 1)],
    ['a count of file descriptors', little.unknown('u', 4, u(3), 9)],
    ['a double', little.unknown('d', 8, Buffer.alloc(8))],
    ['a signature', little.unknown('g', 1, Buffer.from([2, 0x61, 0x73, 0]))],
    ['an empty array of structs, whose boundary still counts', little.unknown('a(yu)', 4, Buffer.concat([u(0)]))],
    [
      'an empty array within a struct',
      little.unknown('(aty)', 8, Buffer.concat([u(0), Buffer.alloc(4), Buffer.from([7])])),
    ],
    [
      'a dictionary',
      little.unknown('a{sv}', 4, Buffer.concat([u(12), u(0), little.string('k'), Buffer.from([1, 0x79, 0, 7, 0, 0])])),
    ],
    ['an array of arrays', little.unknown('aay', 4, Buffer.concat([u(9), u(5), Buffer.alloc(5)]))],
    [
      'a struct of many',
      little.unknown(
        '(yqusv)',
        8,
        Buffer.concat([Buffer.from([1, 0, 2, 0]), u(3), little.string('abc'), Buffer.from([1, 0x79, 0, 7])]),
      ),
    ],
    ['a variant of a string', little.unknown('v', 1, Buffer.concat([Buffer.from('\x01s\0\0'), little.string('x')]))],
    ['variants in variants, 64 deep', little.unknown('v', 1, nested(64))],
  ];
  for (const [title, field] of table)
    for (const chunkBytes of [1, 64 * 1024])
      test(`are passed over: ${title}, in pieces of ${chunkBytes}`, () => {
        const [frame] = framesOf(little.message({ serial: 9, fields: [field, ...fields] }), chunkBytes);
        expect(frame?.fields).toEqual({
          path: '/',
          interface: 'org.freedesktop.DBus.Peer',
          member: 'Ping',
          sender: ':1.7',
        });
      });

  const huge: readonly (readonly [title: string, field: (bytes: number) => Field])[] = [
    ['bytes', (bytes) => little.unknown('ay', 4, Buffer.concat([u(bytes), Buffer.alloc(bytes)]))],
    ['strings', (bytes) => little.unknown('as', 4, Buffer.concat([u(bytes), Buffer.alloc(bytes)]))],
    ['fields', (bytes) => little.unknown('a(yv)', 4, Buffer.concat([u(bytes), Buffer.alloc(4 + bytes)]))],
    ['one string', (bytes) => little.unknown('s', 4, little.string(Buffer.alloc(bytes, 'x')))],
  ];
  for (const [title, field] of huge)
    test(`take as many steps for 16 MB as for 1 KB: ${title}`, () => {
      const steps = (bytes: number): number => {
        const take = vi.spyOn(Cursor.prototype, 'take');
        const [frame] = framesOf(little.message({ serial: 9, fields: [field(bytes), ...fields] }));
        expect(frame?.fields).toMatchObject({ member: 'Ping', sender: ':1.7' });
        const { length } = take.mock.calls;
        take.mockRestore();
        return length;
      };
      expect(steps(mega)).toBe(steps(1024));
    });
});

describe('what is far too large', () => {
  test('is a body: it is thrown away, and the message is known by its fields', () => {
    const [frame] = framesOf(
      little.message({ serial: 9, fields: little.call('M', '/a', 'b.c', 'as'), body: Buffer.alloc(mega) }),
    );
    expect(frame).toMatchObject({ serial: 9, fields: { member: 'M', signature: 'as' } });
    expect(frame?.body).toBeUndefined();
  });

  test('begins above 64 KiB', () => {
    const withBody = (bytes: number) =>
      framesOf(little.message({ ...good, body: Buffer.alloc(bytes) }))[0]?.body?.length;
    expect(withBody(bodyMax)).toBe(bodyMax);
    expect(withBody(bodyMax + 1)).toBeUndefined();
  });

  test('is an object path of 16 MB, and the sender behind it is still known', () => {
    const path: Field = little.unknown('o', 4, little.string(Buffer.alloc(mega, '/a')), 1);
    const [frame] = framesOf(little.message({ serial: 9, fields: [path, ...fields.slice(1)] }));
    expect(frame?.fields).toMatchObject({ member: 'Ping', sender: ':1.7', oversized: true });
    expect(frame?.fields.path).toBeUndefined();
  });

  test('is a path of more than 1024 characters, even in a small message', () => {
    const withPath = (length: number) => {
      const path = little.unknown('o', 4, little.string(`/${'a'.repeat(length - 1)}`), 1);
      return framesOf(little.message({ serial: 9, fields: [path, ...fields.slice(1)] }))[0]?.fields;
    };
    expect(withPath(1024)).not.toHaveProperty('oversized');
    expect(withPath(1025)).toMatchObject({ member: 'Ping', sender: ':1.7', oversized: true });
  });

  test('is a header of many small fields', () => {
    const many = Array.from({ length: 10_000 }, () => little.unknown('u', 4, little.uint32(1)));
    const [frame] = framesOf(little.message({ serial: 9, fields: [...many, ...fields] }));
    expect(frame?.fields).toMatchObject({ member: 'Ping', oversized: true });
  });
});

describe('a peer that breaks the protocol is given up:', () => {
  const withField = (field: Field) => little.message({ ...good, fields: [field] });
  const endless = Buffer.concat([Buffer.from('l\x01\0\x01'), Buffer.alloc(4, 0xff), Buffer.alloc(8, 0xff)]);
  const broken: readonly (readonly [title: string, message: Buffer, why: RegExp])[] = [
    ['no byte order', Buffer.from('GET / HTTP/1.1\r\n'), /neither byte order/],
    ['another protocol version', little.message({ ...good, version: 2 }), /protocol version 2/],
    ['longer than a message may be', endless, /longer than 128 MiB/],
    ['a name that runs past the end', withField(little.unknown('s', 4, u(1000), 3)), /runs past the end/],
    ['a path that runs past the end', withField(little.unknown('o', 4, u(0xffffffff), 1)), /runs past the end/],
    ['an unknown string that does', withField(little.unknown('s', 4, u(1000))), /runs past the end/],
    ['an array that does', withField(little.unknown('ay', 4, u(1000))), /runs past the end/],
    ['a field without a type', withField(little.unknown('', 1, Buffer.alloc(1))), /has no type/],
    ['a type that does not exist', withField(little.unknown('z', 1, Buffer.alloc(1))), /no type 'z'/],
    ['an array of nothing', withField(little.unknown('a', 4, u(0))), /no type ''/],
    ['variants without end', withField(little.unknown('v', 1, nested(100))), /nested too deep/],
  ];
  for (const [title, message, why] of broken)
    test(title, () => {
      const feed = () => new Frames().feed(message);
      expect(feed).toThrow(Malformed);
      expect(feed).toThrow(why);
    });
});
