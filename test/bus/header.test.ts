import message from 'dbus-native/lib/message.js';
import { expect, test } from 'vitest';
import { Frames } from '../../src/bus/frames.ts';
import { marshal, messageTypes, type Outgoing, readBody } from '../../src/bus/wire.ts';

const call = { destination: 'org.a', path: '/org/a', interface: 'org.a.I', member: 'Do' } as const;

const messages: readonly (readonly [title: string, sent: Outgoing])[] = [
  ['a call', { type: messageTypes.call, serial: 1, ...call, signature: 'su', body: ['text', 7] }],
  ['a call without arguments', { type: messageTypes.call, serial: 2, flags: 2, ...call, signature: '', body: [] }],
  ['a reply', { type: messageTypes.reply, serial: 0xffff_ffff, flags: 1, replySerial: 9, destination: ':1.42' }],
  ['an error', { type: messageTypes.error, serial: 3, replySerial: 1, errorName: 'a.b', signature: 's', body: ['é…'] }],
  ['a signal', { type: messageTypes.signal, serial: 4, ...call, sender: ':1.7', signature: 't', body: [1n] }],
];

for (const [title, sent] of messages)
  test(`${title} reads as it was written`, () => {
    const bytes = marshal(sent);
    const [frame] = new Frames().feed(bytes);
    const { body = [], signature = '', type, serial, flags = 0, ...fields } = sent;
    const { destination, ...heard } = fields;
    expect(frame).toMatchObject({ type, serial, flags, littleEndian: true });
    expect(frame?.fields).toEqual({ ...heard, ...(signature !== '' && { signature }) });
    expect(message.unmarshall(bytes).destination).toBe(destination);
    expect(readBody(frame!, signature)).toEqual(body);
  });

test('names of every length keep what follows where it belongs', () => {
  for (let length = 1; length <= 24; length++) {
    const member = 'm'.repeat(length);
    const [frame] = new Frames().feed(
      marshal({ ...call, type: 1, serial: length, member, signature: 't', body: [5n] }),
    );
    expect(frame?.fields).toMatchObject({ member, path: call.path });
    expect(readBody(frame!, 't')).toEqual([5n]);
  }
});
