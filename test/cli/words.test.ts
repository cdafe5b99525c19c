import { describe, expect, test } from 'vitest';
import { WrongUse } from '../../src/cli/complaint.ts';
import { keysIn } from '../../src/cli/terminal.ts';
import { type Flag, parseWords, unknown } from '../../src/cli/words.ts';

const flags: readonly Flag[] = [
  { name: 'all', short: 'a', doc: '' },
  { name: 'nice', short: 'n', value: 'NICE', doc: '' },
];

const parsed = (line: string, untilOperand = false) => {
  const { given, operands } = parseWords(line.split(' ').filter(Boolean), flags, untilOperand);
  return { given: Object.fromEntries(given), operands };
};

const table: readonly (readonly [
  line: string,
  given: Readonly<Record<string, string>>,
  operands: readonly string[],
])[] = [
  ['', {}, []],
  ['a b', {}, ['a', 'b']],
  ['--all a', { all: '' }, ['a']],
  ['a -a', { all: '' }, ['a']],
  ['--nice 5 a', { nice: '5' }, ['a']],
  ['--nice -5', { nice: '-5' }, []],
  ['--nice=-5', { nice: '-5' }, []],
  ['--nice=', { nice: '' }, []],
  ['-n 5', { nice: '5' }, []],
  ['-n5', { nice: '5' }, []],
  ['-n-5', { nice: '-5' }, []],
  ['--nice 5 --nice 6', { nice: '6' }, []],
  ['-- --all', {}, ['--all']],
  ['a -- -a --', {}, ['a', '-a', '--']],
  ['-', {}, ['-']],
  ['-11', {}, ['-11']],
];

for (const [line, given, operands] of table)
  test(`'${line}' is understood`, () => expect(parsed(line)).toEqual({ given, operands }));

describe('until the first operand', () => {
  test('flags are ours', () =>
    expect(parsed('-a ls -l --all', true)).toEqual({ given: { all: '' }, operands: ['ls', '-l', '--all'] }));
  test('or until --', () => expect(parsed('-a -- -l', true)).toEqual({ given: { all: '' }, operands: ['-l'] }));
});

const wrong: readonly (readonly [line: string, text: RegExp])[] = [
  ['--alll', /no flag '--alll'\. Did you mean '--all'\?/],
  ['--zzz', /no flag '--zzz'\.$/],
  ['-x', /no flag '-x'/],
  ['--all=yes', /--all takes no value/],
  ['-ayes', /--all takes no value/],
  ['--nice', /--nice wants a value/],
  ['-n', /--nice wants a value/],
  ['--toString', /no flag '--toString'/],
];

for (const [line, text] of wrong)
  test(`'${line}' is wrong use`, () => {
    expect(() => parsed(line)).toThrow(WrongUse);
    expect(() => parsed(line)).toThrow(text);
  });

test('what was typed is repeated without what a terminal would obey', () =>
  expect(unknown('verb', '\x1b[2Jlist\u202e', [])).toBe("there is no verb '\\u{1b}[2Jlist\\u{202e}'."));

test('a beginning is a guess, too', () =>
  expect(unknown('verb', 'stat', ['list', 'status'])).toMatch(/mean 'status'\?/));

test('keys are told apart, however they come', () =>
  expect(keysIn('pq\x1b[C\x1b[1;5Dr\x1bOQ\x1bq\x03\x1b')).toEqual([
    'p',
    'q',
    '\x1b[C',
    '\x1b[1;5D',
    'r',
    '\x1bOQ',
    '\x1bq',
    '\x03',
    '\x1b',
  ]));
