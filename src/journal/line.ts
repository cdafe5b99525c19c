import { type Entry, priorities } from './entry.ts';

/** PIPE_BUF: so much is written to a pipe whole or not at all, pipe(7). */
const lineMax = 4096;

const words = Object.fromEntries(Object.entries(priorities).map(([level, priority]) => [priority, level]));

/**
 * An entry as one line for stderr. Where journald reads it, it begins as sd-daemon(3) has it, `<4>text`; where people
 * do, as `warning: text`. The fields follow in parentheses.
 */
export function lineOf({ priority, text, fields }: Entry, forJournald: boolean): Buffer {
  const prefix = forJournald ? `<${priority}>` : `${words[priority]}: `;
  const told = fields.map(([name, value]) => `${name}=${quoted(value)}`).join(' ');
  return cut(`${prefix}${escaped(text)}${told === '' ? '' : ` (${told})`}`);
}

/** What could be taken for the end of the value is in quotes. */
const quoted = (value: string): string =>
  /^[\w./:@+,-]+$/.test(value) ? value : `"${escaped(value.replace(/["\\]/g, '\\$&'))}"`;

/** Nothing that begins a line, moves the cursor, or turns the direction of writing. */
const escaped = (value: string): string =>
  value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);

function cut(line: string): Buffer {
  const bytes = Buffer.from(`${line}\n`);
  if (bytes.length <= lineMax) return bytes;

  let end = lineMax - '...\n'.length;
  while ((bytes[end]! & 0xc0) === 0x80) end--; // Not within a letter.
  return Buffer.concat([bytes.subarray(0, end), Buffer.from('...\n')]);
}
