import { expect, test } from 'vitest';
import { entryOf, type Level } from '../../src/journal/entry.ts';
import { lineOf } from '../../src/journal/line.ts';
import type { Fields } from '../../src/ports.ts';

const line = (level: Level, text: string, fields?: Fields, forJournald = false) =>
  lineOf(entryOf(level, text, fields), forJournald).toString();

const table: ReadonlyArray<readonly [title: string, line: string, expected: string]> = [
  ['begins with the level', line('warning', 'Late.'), 'warning: Late.\n'],
  ['begins with the priority where journald reads it', line('warning', 'Late.', {}, true), '<4>Late.\n'],
  ['ends with the fields', line('info', 'Yes.', { uid: 7, tid: 9 }), 'info: Yes. (RTBROKER_UID=7 RTBROKER_TID=9)\n'],
  [
    'leaves a path as it is',
    line('info', 'x', { program: '/usr/bin/a-b' }),
    'info: x (RTBROKER_PROGRAM=/usr/bin/a-b)\n',
  ],
  [
    'quotes what could end a value',
    line('info', 'x', { comm: 'a RTBROKER_UID=0)' }),
    'info: x (RTBROKER_COMM="a RTBROKER_UID=0)")\n',
  ],
  ['quotes quotes', line('info', 'x', { comm: 'a"\\' }), 'info: x (RTBROKER_COMM="a\\"\\\\")\n'],
  ['quotes nothing at all', line('info', 'x', { comm: '' }), 'info: x (RTBROKER_COMM="")\n'],
  [
    'stays one line',
    line('error', 'a\nerror: b\r\n', { comm: '\n<0>c' }),
    'error: a\\u{a}error: b\\u{d}\\u{a} (RTBROKER_COMM="\\u{a}<0>c")\n',
  ],
  ['does not command the terminal', line('info', '\x1b[2J\x9b1m\x07\x7f'), 'info: \\u{1b}[2J\\u{9b}1m\\u{7}\\u{7f}\n'],
  [
    'does not turn the direction of writing',
    line('info', '\u202e\u2066\u200f\u2028\u2029'),
    'info: \\u{202e}\\u{2066}\\u{200f}\\u{2028}\\u{2029}\n',
  ],
  ['writes letters as they are', line('info', 'Müller 音 😀'), 'info: Müller 音 😀\n'],
  ['escapes half a letter', line('info', '\ud83d'), 'info: \\u{d83d}\n'],
];

for (const [title, actual, expected] of table) test(`a line ${title}`, () => expect(actual).toBe(expected));

for (const letter of ['x', 'ä', '€', '😀']) {
  test(`a line of ${letter} is cut where a pipe takes it whole, and between letters`, () => {
    for (const before of ['', 'a', 'ab', 'abc']) {
      const bytes = lineOf(entryOf('info', before + letter.repeat(2000), { comm: letter.repeat(4000) }), false);
      expect(bytes.length).toBeLessThanOrEqual(4096);
      expect(bytes.length).toBeGreaterThan(4090);
      expect(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).toMatch(/\.\.\.\n$/);
    }
  });
}
