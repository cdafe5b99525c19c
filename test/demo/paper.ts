import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

export const paint = (style: Style, text: string): string =>
  coloured ? styleText(style, text, { validateStream: false }) : text;

/** What was claimed and was not so. */
const untrue: string[] = [];
let chapters = 0;

export const say = (text = ''): void => console.log(text === '' ? '' : `   ${text}`);
export const aside = (text: string): void => say(paint('dim', text));

export function chapter(title: string): void {
  console.log(`\n${paint('bold', `${++chapters}  ${title}`)}`);
}

/** Everything the demo asserts goes through here: a tick, or a cross that the end counts. */
export function claim(text: string, truth: boolean): void {
  say(truth ? `${paint('green', '✔')} ${text}` : paint('red', `✘ not so: ${text}`));
  if (!truth) untrue.push(text);
}

/** Columns as wide as what is in them. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of rows.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    say(`  ${index === 0 ? paint('dim', line.trimEnd()) : line.trimEnd()}`);
  }
}

/** @returns the exit status */
export function verdict(): number {
  if (untrue.length === 0) {
    console.log(`\n${paint(['bold', 'green'], 'All of this was true.')}`);
    return 0;
  }
  console.log(`\n${paint(['bold', 'red'], 'This was not true:')}`);
  for (const text of untrue) say(`- ${text}`);
  return 1;
}
