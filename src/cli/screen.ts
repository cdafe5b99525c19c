/** What the output can show. */
export interface Screen {
  /** Colour, tables and headings are for people; whatever is not a terminal gets plain lines. */
  readonly terminal: boolean;
  readonly colour: boolean;
  readonly utf8: boolean;
  /** How many fit beside each other; infinitely many when there is no terminal. */
  readonly columns: number;
}

export type Tone = 'good' | 'warning' | 'bad' | 'bold' | 'dim';

/** A text, and how it is meant. */
export type Cell = string | { readonly text: string; readonly tone: Tone };

/** By locale(7), NO_COLOR (no-color.org) and TERM. */
export function screenOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv,
): Screen {
  const terminal = stream.isTTY === true;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return {
    terminal,
    colour: terminal && !env.NO_COLOR && env.TERM !== 'dumb',
    utf8: /utf-?8/i.test(locale),
    columns: terminal ? Math.max(1, stream.columns || 80) : Number.POSITIVE_INFINITY,
  };
}

const codes: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, bold: 1, dim: 2 };

export const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

export const toned = (text: string, tone: Tone): Cell => ({ text, tone });

/** @param shown what is shown of the cell, if not all */
export function paint(cell: Cell, { colour }: Screen, shown = textOf(cell)): string {
  return typeof cell === 'string' || !colour || shown === '' ? shown : `\x1b[${codes[cell.tone]}m${shown}\x1b[m`;
}

/** What the locale can show. Our own signs have an ASCII form; of others' letters the numbers are told. */
export function legible(text: string, { utf8 }: Screen): string {
  if (utf8) return text;
  return (
    text
      .replaceAll('…', '~')
      .replaceAll('●', '*')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them.
      .replace(/[^\u0000-\u007f]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
  );
}
