/**
 * What others wrote (names of threads, paths, files), for a line on a terminal: with nothing in it that a terminal obeys,
 * that cannot be seen, or that turns the order of what is seen.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
