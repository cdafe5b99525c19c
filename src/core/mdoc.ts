/** Text for a manual page, mdoc(7): nothing in it is taken for a macro or an escape. */
export const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('−', '-')
    .replace(/^(?=[.'])/gm, '\\&');

/** A paragraph: each sentence begins a line, and no line is long. */
export const sentences = (text: string): string =>
  text
    .split(/(?<=[.!?:]\)?) (?=["'(]?[A-Z])/)
    .flatMap((sentence) => filled(sentence))
    .map(plain)
    .join('\n');

const lineMax = 78;

function filled(sentence: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > lineMax) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** An argument of a macro that is to be one word. */
export const word = (text: string): string =>
  /[\s"]/.test(text) ? `"${plain(text).replaceAll('"', '""')}"` : plain(text);

/** A list of terms, each with its text: mdoc source. */
export const terms = (items: readonly (readonly [term: string, text: string])[]): string =>
  ['.Bl -tag -width Ds', ...items.map(([term, text]) => `.It ${term}\n${text}`), '.El'].join('\n');

/** @param name of the page, as in "rtbroker" */
export const page = (
  name: string,
  section: number,
  about: string,
  sections: readonly (readonly [title: string, text: string])[],
): string =>
  [
    '.\\" SPDX-License-Identifier: MIT',
    '.Dd November 25, 2026',
    `.Dt ${name.toUpperCase()} ${section}`,
    '.Os',
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${about}`,
    ...sections.map(([title, text]) => `.Sh ${title}\n${text}`),
    '',
  ].join('\n');
