import { expect, test } from 'vitest';
import { entryOf } from '../../src/journal/entry.ts';
import { encode } from '../../src/journal/native.ts';
import { parseDatagram } from './datagram.ts';

test('the bytes are those of the protocol', () => {
  const bytes = encode(entryOf('warning', 'No.', { uid: 1000, comm: 'a\nb' }));
  expect(bytes.toString('latin1')).toBe(
    'MESSAGE=No.\nPRIORITY=4\nSYSLOG_IDENTIFIER=realtime-brokerd\nSYSLOG_FACILITY=3\nRTBROKER_UID=1000\n' +
      'RTBROKER_COMM\n\x03\0\0\0\0\0\0\0a\nb\n',
  );
});

test('every field has its name', () => {
  const fields = {
    uid: 1000,
    pid: 2,
    tid: 3,
    comm: 'data-loop.0',
    program: '/usr/bin/pipewire',
    reason: 'burst',
    kind: 'realtime',
    priority: 20,
    nice: -11,
    action: 'org.example.RealtimeBroker.acquire-real-time',
    error: 'EPERM',
    count: 7,
  } as const;
  expect(parseDatagram(encode(entryOf('info', 'x', fields))).slice(4)).toEqual(
    Object.entries(fields).map(([key, value]) => [`RTBROKER_${key.toUpperCase()}`, String(value)]),
  );
});

test('each level has its syslog priority', () => {
  const priorityOf = (level: 'debug' | 'info' | 'warning' | 'error') => parseDatagram(encode(entryOf(level, 'x')))[1];
  expect(priorityOf('debug')).toEqual(['PRIORITY', '7']);
  expect(priorityOf('info')).toEqual(['PRIORITY', '6']);
  expect(priorityOf('warning')).toEqual(['PRIORITY', '4']);
  expect(priorityOf('error')).toEqual(['PRIORITY', '3']);
});

const nasty: ReadonlyArray<readonly [title: string, value: string]> = [
  ['a newline and a field', 'x\nPRIORITY=0\nRTBROKER_UID=0'],
  ['a newline at the start', '\n=x'],
  ['a newline at the end', 'x\n'],
  ['nothing but a newline', '\n'],
  ['nothing', ''],
  ['an equals sign', 'a=b=c'],
  ['a NUL', 'a\0b\nc\0'],
  ['letters of many bytes before the newline', 'äöü€😀\nx'],
];

for (const [title, value] of nasty) {
  test(`a name cannot forge a field: ${title}`, () => {
    const fields = parseDatagram(encode(entryOf('info', value, { uid: 1000, comm: value, program: value })));
    expect(fields).toEqual([
      ['MESSAGE', value],
      ['PRIORITY', '6'],
      ['SYSLOG_IDENTIFIER', 'realtime-brokerd'],
      ['SYSLOG_FACILITY', '3'],
      ['RTBROKER_UID', '1000'],
      ['RTBROKER_COMM', value],
      ['RTBROKER_PROGRAM', value],
    ]);
  });
}

test('a field that is not ours has no name', () => {
  const fields = { uid: 1, MESSAGE: 'forged', 'x\nPRIORITY': '0' } as object;
  expect(parseDatagram(encode(entryOf('info', 'x', fields))).slice(4)).toEqual([['RTBROKER_UID', '1']]);
});

test('half a letter does not break the others', () => {
  expect(parseDatagram(encode(entryOf('info', 'a\ud83db', { comm: '\udc00\n' })))[0]).toEqual(['MESSAGE', 'a\ufffdb']);
});

test('a value of megabytes is cut, and all of them together fit into a datagram', () => {
  const long = '€'.repeat(1_000_000);
  const bytes = encode(entryOf('error', long, { comm: long, program: long, reason: long, action: long, error: long }));
  expect(parseDatagram(bytes)[0]![1]).toBe(`${'€'.repeat(4096)}...`);
  expect(bytes.length).toBeLessThan(200 * 1024);
});
