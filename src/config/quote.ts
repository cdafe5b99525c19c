import { printable } from '../core/printable.ts';

const shownMax = 40;

/** What the file said, for a line on a terminal: cut short, and with nothing in it that a terminal would obey. */
export const quote = (text: string): string =>
  printable(text.length > shownMax ? `${text.slice(0, shownMax)}...` : text);

/** A key as TOML writes it: bare if it can be. */
export const quoteKey = (name: string): string =>
  /^[A-Za-z0-9_-]{1,80}$/.test(name) ? name : `"${quote(name.replace(/["\\]/g, '\\$&'))}"`;
