import { readFileSync } from 'node:fs';
import { fromRoot } from './paths.ts';

/** A block of README.md between two lines of ```. */
export interface Block {
  /** What it stands under. */
  readonly heading: string;
  /** "sh" is to be typed. */
  readonly language: string;
  /** As they are typed: a here-document, or a line that goes on after a backslash, is one. */
  readonly commands: readonly string[];
}

const readme = readFileSync(fromRoot('README.md'), 'utf8');

/** All there are, in their order; what is indented like code, too, as blocks without a language. */
export const blocks: readonly Block[] = (() => {
  const parts = readme.matchAll(/^#+ ([^\n]+)$|^```(\w*)\n(.*?)^```$|^(?: {4}[^\n]*\n)+/gms);
  let heading = '';
  return [...parts].flatMap(([whole, title, language = '', fenced]) => {
    if (title !== undefined) heading = title;
    return title === undefined ? [{ heading, language, commands: commandsOf(fenced ?? whole) }] : [];
  });
})();

/** The blocks to be typed under a heading. */
export const typedUnder = (heading: string): readonly Block[] =>
  blocks.filter((block) => block.heading === heading && block.language === 'sh');

/** The rows of the first table under a heading, cell by cell. */
export function tableUnder(heading: string): readonly (readonly string[])[] {
  const [, section = ''] = readme.split(new RegExp(`^#+ ${heading}$`, 'm'));
  const [table = ''] = /^\|.*\n\| ---.*\n(?:\|.*\n)+/m.exec(section) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^[^\n]*<<'END'\n.*?^END$|^(?:[^\n]*\\\n)*[^\n]+$/gms)].map(([command]) => command);
}
