import { describe, expect, test } from 'vitest';
import { type Column, list, table } from '../../src/cli/columns.ts';
import { legible, paint, type Screen, screenOf, toned } from '../../src/cli/screen.ts';
import { fitted, widthOf } from '../../src/cli/width.ts';

const wall: Screen = { terminal: true, colour: false, utf8: true, columns: 80 };
const pipe: Screen = { terminal: false, colour: false, utf8: true, columns: Number.POSITIVE_INFINITY };

interface Row {
  readonly name: string;
  readonly count: number;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, narrowest: 6 },
  { title: 'COUNT', cell: ({ count }) => `${count}`, right: true },
];
const rows: readonly Row[] = [
  { name: 'pipewire', count: 3 },
  { name: 'a longer name than others', count: 12 },
];

describe('a table', () => {
  test('has headings, and columns below each other', () =>
    expect(table(columns, rows, wall)).toEqual([
      'NAME                       COUNT',
      'pipewire                       3',
      'a longer name than others     12',
    ]));

  test('is cut to the terminal where it may be', () =>
    expect(table(columns, rows, { ...wall, columns: 20 })).toEqual([
      'NAME           COUNT',
      'pipewire           3',
      'a longer nam…     12',
    ]));

  test('becomes paragraphs where it does not fit', () =>
    expect(table(columns, rows, { ...wall, columns: 12 })).toEqual([
      'name: pipew…',
      'count: 3',
      '',
      'name: a lon…',
      'count: 12',
    ]));

  test('is lines with tabs where there is no terminal', () =>
    expect(table(columns, rows, pipe)).toEqual(['pipewire\t3', 'a longer name than others\t12']));

  test('is never wider than the terminal', () => {
    for (let width = 1; width < 40; width++)
      for (const line of table(columns, rows, { ...wall, columns: width }))
        expect(widthOf(line), `${width}: ${line}`).toBeLessThanOrEqual(Math.max(width, 'count: '.length));
  });

  test('of nothing is its headings, or nothing', () => {
    expect(table(columns, [], wall)).toEqual(['NAME  COUNT']);
    expect(table(columns, [], pipe)).toEqual([]);
  });
});

test('a list has its values below each other', () => {
  const pairs = [
    ['a', '1'],
    ['longer', '2'],
  ] as const;
  expect(list(pairs, wall)).toEqual(['a       1', 'longer  2']);
  expect(list(pairs, pipe)).toEqual(['a: 1', 'longer: 2']);
  expect(list(pairs, { ...wall, columns: 8 })).toEqual(['a: 1', 'longer: 2']);
});

describe('a screen', () => {
  const terminal = { isTTY: true, columns: 100 };
  test.each([
    [terminal, { LANG: 'de_DE.UTF-8', TERM: 'xterm' }, { terminal: true, colour: true, utf8: true, columns: 100 }],
    [terminal, { LANG: 'de_DE.UTF-8', NO_COLOR: '1' }, { terminal: true, colour: false, utf8: true, columns: 100 }],
    [terminal, { LANG: 'de_DE.UTF-8', NO_COLOR: '' }, { terminal: true, colour: true, utf8: true, columns: 100 }],
    [terminal, { TERM: 'dumb' }, { terminal: true, colour: false, utf8: false, columns: 100 }],
    [terminal, { LC_ALL: 'C', LANG: 'C.UTF-8' }, { terminal: true, colour: true, utf8: false, columns: 100 }],
    [terminal, { LC_CTYPE: 'C.utf8' }, { terminal: true, colour: true, utf8: true, columns: 100 }],
    [{ isTTY: true, columns: 0 }, {}, { terminal: true, colour: true, utf8: false, columns: 80 }],
    [{}, { LANG: 'C.UTF-8' }, { terminal: false, colour: false, utf8: true, columns: Number.POSITIVE_INFINITY }],
  ])('%j with %j', (stream, env, screen) => expect(screenOf(stream, env)).toEqual(screen));

  test('paints where there is colour', () => {
    expect(paint(toned('a', 'bad'), { ...wall, colour: true })).toBe('\x1b[31ma\x1b[m');
    expect(paint(toned('a', 'bad'), wall)).toBe('a');
  });

  test('without UTF-8 tells letters by their numbers', () =>
    expect(legible('Größe…', { ...wall, utf8: false })).toBe('Gr\\u{f6}\\u{df}e~'));
});

test('letters are as wide as a terminal shows them', () => {
  expect(['abc', 'é', 'e\u0301', '日本', '🎹', ''].map(widthOf)).toEqual([3, 1, 1, 4, 2, 0]);
  expect(fitted('日本語', 5)).toBe('日本…');
  expect(fitted('日本語', 4)).toBe('日…');
  expect(fitted('abc', 3)).toBe('abc');
  expect(fitted('abc', 0)).toBe('');
});
