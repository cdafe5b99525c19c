import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Entry, entryOf } from '../../src/journal/entry.ts';
import { Fallback } from '../../src/journal/fallback.ts';
import { journalOn } from '../../src/journal/journal.ts';
import { Journald } from '../../src/journal/journald.ts';
import type { Delivery, Sink } from '../../src/journal/sink.ts';
import { fieldOf, messageOf, parseDatagram } from './datagram.ts';
import { Receiver } from './kernel.ts';

const dir = mkdtempSync(join(tmpdir(), 'journal-'));
afterAll(() => rmSync(dir, { recursive: true }));

let sockets = 0;
const aPath = () => join(dir, `socket-${sockets++}`);

class Lines implements Sink {
  readonly texts: string[] = [];

  send({ text }: Entry): Delivery {
    this.texts.push(text);
    return 'sent';
  }

  [Symbol.dispose](): void {}
}

const send = (sink: Sink, text: string) => sink.send(entryOf('info', text));

test('a message arrives with its fields', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journal = journalOn(new Journald(path), 'info');
  journal.warning('Refused.', {
    uid: 1000,
    pid: 20,
    tid: 21,
    comm: 'a\nPRIORITY=0',
    program: '/bin/a',
    reason: 'burst',
  });
  expect(parseDatagram(receiver.receive()!)).toEqual([
    ['MESSAGE', 'Refused.'],
    ['PRIORITY', '4'],
    ['SYSLOG_IDENTIFIER', 'realtime-brokerd'],
    ['SYSLOG_FACILITY', '3'],
    ['RTBROKER_UID', '1000'],
    ['RTBROKER_PID', '20'],
    ['RTBROKER_TID', '21'],
    ['RTBROKER_COMM', 'a\nPRIORITY=0'],
    ['RTBROKER_PROGRAM', '/bin/a'],
    ['RTBROKER_REASON', 'burst'],
  ]);
  expect(receiver.receive()).toBeUndefined();
});

test('a message is text and no format', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journal = journalOn(new Journald(path), 'info');
  journal.info('100 %s %d %j %% %o', { comm: '%s' });
  journal.info('%s');
  expect([...receiver.receiveAll()].map(messageOf)).toEqual(['100 %s %d %j %% %o', '%s']);
});

test('the fields of one message are not those of the next', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journal = journalOn(new Journald(path), 'info');
  journal.info('with', { uid: 1 });
  journal.info('without');
  expect([...receiver.receiveAll()].map((datagram) => fieldOf(datagram, 'RTBROKER_UID'))).toEqual(['1', undefined]);
});

const levels = ['debug', 'info', 'warning', 'error'] as const;
for (const [index, level] of levels.entries()) {
  test(`level ${level} writes what is as important, and no less`, () => {
    const path = aPath();
    using receiver = new Receiver(path);
    using journal = journalOn(new Journald(path), level);
    for (const each of levels) journal[each](each);
    expect([...receiver.receiveAll()].map(messageOf)).toEqual(levels.slice(index));
  });
}

test('a reader who stopped makes nobody wait, and reads everything in order later', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journal = journalOn(new Journald(path), 'info');
  const sent = Array.from({ length: 1000 }, (_, index) => String(index));
  for (const text of sent) journal.info(text);

  const first = [...receiver.receiveAll()].map(messageOf);
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(1000);
  const read = [...first];
  while (read.at(-1) !== 'last') {
    journal.info('last');
    for (const datagram of receiver.receiveAll()) read.push(messageOf(datagram));
  }
  expect(read.filter((text) => text !== 'last')).toEqual(sent);
});

test('what was lost while the reader stopped is counted', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journal = journalOn(new Journald(path), 'info');
  for (let index = 0; index < 5000; index++) journal.info(String(index));

  let kept = 0;
  let lost: string | undefined;
  while (lost === undefined) {
    for (const datagram of receiver.receiveAll()) {
      lost ??= fieldOf(datagram, 'RTBROKER_COUNT');
      if (lost === undefined) kept++;
    }
    journal.debug('not written');
    if (lost === undefined) journal.info('again');
  }
  expect(kept + Number(lost)).toBeGreaterThanOrEqual(5000);
  expect(kept).toBeLessThan(1024 + 600);
});

test('the whole socket buffer full makes nobody wait either', () => {
  const path = aPath();
  using receiver = new Receiver(path);
  using journald = new Journald(path);
  const text = 'x'.repeat(4096);
  const error = 'y'.repeat(4096);
  let taken = 0;
  while (journald.send(entryOf('error', text, { error, program: error })) === 'sent') taken++;
  expect(taken).toBeGreaterThan(0);
  expect(send(journald, 'small')).toBe('later');
  expect([...receiver.receiveAll()]).toHaveLength(taken);
  expect(send(journald, 'small')).toBe('sent');
});

test('without a socket messages go to stderr, and to the journal when it is there, which hears of the others', () => {
  const path = aPath();
  const lines = new Lines();
  using sink = new Fallback(new Journald(path), lines);
  expect([send(sink, 'a'), send(sink, 'b')]).toEqual(['sent', 'sent']);
  expect(lines.texts).toEqual(['a', 'b']);

  using receiver = new Receiver(path);
  send(sink, 'c');
  send(sink, 'd');
  const read = ['The journal could not take 2 messages: see stderr.', 'c', 'd'];
  expect([...receiver.receiveAll()].map(messageOf)).toEqual(read);
  expect(lines.texts).toEqual(['a', 'b']);
});

test('a socket nobody has open any more is none, and one made anew is found', () => {
  const path = aPath();
  const lines = new Lines();
  using sink = new Fallback(new Journald(path), lines);
  const first = new Receiver(path);
  send(sink, 'a');
  expect([...first.receiveAll()].map(messageOf)).toEqual(['a']);
  first[Symbol.dispose]();

  send(sink, 'refused');
  rmSync(path);
  send(sink, 'absent');
  expect(lines.texts).toEqual(['refused', 'absent']);

  using second = new Receiver(path);
  send(sink, 'b');
  expect([...second.receiveAll()].map(messageOf).slice(1)).toEqual(['b']);
});

test('a reader who stops and then goes away leaves nothing waiting', () => {
  const path = aPath();
  const lines = new Lines();
  using journal = journalOn(new Fallback(new Journald(path), lines), 'info');
  const receiver = new Receiver(path);
  for (let index = 0; index < 1000; index++) journal.info(String(index));
  const read = [...receiver.receiveAll()].map(messageOf);
  receiver[Symbol.dispose]();

  journal.info('last');
  expect([...read, ...lines.texts]).toEqual([...Array.from({ length: 1000 }, (_, index) => String(index)), 'last']);
});

test('at the end what waits goes to stderr', () => {
  const path = aPath();
  const lines = new Lines();
  using receiver = new Receiver(path);
  const journal = journalOn(new Fallback(new Journald(path), lines), 'info');
  for (let index = 0; index < 1000; index++) journal.info(String(index));
  expect(lines.texts).toEqual([]);
  journal[Symbol.dispose]();
  expect([...receiver.receiveAll()].length + lines.texts.length).toBe(1000);
});

test('what the journal finds too long goes to stderr', () => {
  const lines = new Lines();
  const tooLong: Sink = { send: () => 'never', [Symbol.dispose]: () => {} };
  using sink = new Fallback(tooLong, lines);
  expect(send(sink, 'x')).toBe('sent');
  expect(lines.texts).toEqual(['x']);
});

test('a path no socket can have is refused at once', () => {
  expect(() => new Journald(`/${'x'.repeat(107)}`)).toThrow(RangeError);
  expect(() => new Journald('/a\0b')).toThrow(RangeError);
  expect(send(new Journald(`/${'x'.repeat(106)}`), 'x')).toBe('never');
});

test('a message costs no descriptor', async () => {
  const { readdirSync } = await import('node:fs');
  using sink = new Journald(aPath());
  send(sink, 'x');
  const before = readdirSync('/proc/self/fd').length;
  for (let index = 0; index < 100; index++) send(sink, 'x');
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});
