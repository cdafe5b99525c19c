import { type Cell, legible, paint, type Screen, textOf, toned } from './screen.ts';
import { fitted, widthOf } from './width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  /** Numbers stand below each other at their end. */
  readonly right?: true;
  /** It may be cut to so many columns when there is no room. */
  readonly narrowest?: number;
}

const gap = 2;

/**
 * On a terminal a table with headings, or where that does not fit, a paragraph a row; elsewhere a line a row, its cells
 * divided by tabs, with no headings.
 */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], screen: Screen): readonly string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => shown(cell(row), screen)));
  if (!screen.terminal) return cells.map((row) => row.map((cell) => paint(cell, screen)).join('\t'));

  const titles = columns.map(({ title }) => toned(title, 'bold'));
  const widths = widthsFor(columns, [titles, ...cells], screen.columns);
  if (widths === undefined) return paragraphs(columns, cells, screen);
  return [titles, ...cells].map((row) =>
    row
      .map((cell, index) => aligned(cell, widths[index]!, columns[index]?.right === true, screen))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

const shown = (cell: Cell, screen: Screen): Cell =>
  typeof cell === 'string' ? legible(cell, screen) : toned(legible(cell.text, screen), cell.tone);

/** Undefined when they cannot be made to fit. The widest that may be cut is cut first. */
function widthsFor<Row>(
  columns: readonly Column<Row>[],
  rows: readonly (readonly Cell[])[],
  room: number,
): readonly number[] | undefined {
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => widthOf(textOf(row[index]!)))));
  const total = () => widths.reduce((sum, width) => sum + width, gap * (widths.length - 1));
  while (total() > room) {
    const spare = columns.map(({ narrowest }, index) => (narrowest === undefined ? 0 : widths[index]! - narrowest));
    const most = spare.indexOf(Math.max(...spare));
    if (spare[most]! <= 0) return undefined;
    widths[most]!--;
  }
  return widths;
}

function aligned(cell: Cell, width: number, right: boolean, screen: Screen): string {
  const text = fitted(textOf(cell), width);
  const padding = ' '.repeat(width - widthOf(text));
  return right ? padding + paint(cell, screen, text) : paint(cell, screen, text) + padding;
}

function paragraphs<Row>(
  columns: readonly Column<Row>[],
  rows: readonly (readonly Cell[])[],
  screen: Screen,
): readonly string[] {
  return rows.flatMap((row, at) => [
    ...(at === 0 ? [] : ['']),
    ...row.flatMap((cell, index) =>
      textOf(cell) === '' ? [] : [pair(columns[index]?.title.toLowerCase() ?? '', cell, screen)],
    ),
  ]);
}

/** "label: value", cut to the width of the terminal. */
function pair(label: string, cell: Cell, screen: Screen): string {
  const room = Math.max(0, screen.columns - widthOf(label) - gap);
  return `${paint(toned(label, 'dim'), screen)}: ${paint(cell, screen, fitted(textOf(cell), room))}`;
}

/** Labels and values below each other; elsewhere than on a terminal "label: value". */
export function list(pairs: readonly (readonly [label: string, cell: Cell])[], screen: Screen): readonly string[] {
  const width = Math.max(0, ...pairs.map(([label]) => widthOf(label)));
  const aligns = screen.terminal && screen.columns >= 2 * width;
  return pairs.map(([label, cell]) =>
    aligns
      ? `${paint(toned(label.padEnd(width), 'dim'), screen)}${' '.repeat(gap)}${paint(cell, screen)}`
      : `${paint(toned(label, 'dim'), screen)}: ${paint(cell, screen)}`,
  );
}
