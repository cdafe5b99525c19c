import { parse, TomlError, type TomlTable } from 'smol-toml';
import { ConfigError, type Origin, type Position, type Problem } from './error.ts';
import { locate, nameOf, type Place } from './places.ts';
import { quote } from './quote.ts';

/** A configuration may be this long, in bytes. */
export const sizeMax = 1024 * 1024;

/** Arrays in arrays: no setting needs any, and the parser calls itself for each. */
const nestingMax = 16;

/** A text that is TOML, and where in it everything stands. */
export class Source {
  readonly file: string;
  readonly values: TomlTable;
  readonly #text: string;
  readonly #places: ReadonlyMap<string, Place>;
  #lineStarts: readonly number[] | undefined;

  /** @throws ConfigError when it is too long, or no TOML: then only the first thing wrong can be told */
  constructor(text: string, file: string) {
    if (text.length > sizeMax) throw new ConfigError([{ file, text: `longer than ${sizeMax} bytes` }]);
    this.file = file;
    this.#text = text;
    this.values = parseToml(text, file);
    this.#places = locate(text);
  }

  /** A problem with what is set at this path. */
  problem(path: readonly string[], text: string): Problem {
    return this.#problemAt(this.#place(path).value, text);
  }

  /** A problem with the name itself. */
  problemWithName(path: readonly string[], text: string): Problem {
    return this.#problemAt(this.#place(path).key, text);
  }

  /** The value as it was written, fit to be shown. */
  written(path: readonly string[]): string {
    const { value, end } = this.#place(path);
    return quote(this.#text.slice(value, end).trimEnd());
  }

  origin(path: readonly string[]): Origin {
    return { file: this.file, line: this.#positionOf(this.#place(path).key).line };
  }

  #place(path: readonly string[]): Place {
    const place = this.#places.get(nameOf(path));
    if (place === undefined) throw new Error(`${nameOf(path)} has a value but no place in ${this.file}`);
    return place;
  }

  #problemAt(offset: number, text: string): Problem {
    return { file: this.file, at: this.#positionOf(offset), text };
  }

  #positionOf(offset: number): Position {
    this.#lineStarts ??= lineStartsOf(this.#text);
    return positionOf(offset, this.#lineStarts);
  }
}

function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** The last line that starts at or before the offset, by halving: a file may hold a hundred thousand mistakes. */
function positionOf(offset: number, lineStarts: readonly number[]): Position {
  let line = 0;
  let beyond = lineStarts.length;
  while (beyond - line > 1) {
    const middle = (line + beyond) >> 1;
    if (lineStarts[middle]! <= offset) line = middle;
    else beyond = middle;
  }
  return { line: line + 1, column: offset - lineStarts[line]! + 1 };
}

/** Integers come as BigInt, so that 20 and 20.0 differ and none is rounded into range. */
function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: true, maxDepth: nestingMax });
  } catch (fault) {
    if (!(fault instanceof TomlError)) throw fault;
    const { line, column, message } = fault;
    const [what = message] = message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new ConfigError([{ file, at: { line, column }, text: `not TOML: ${what}` }]);
  }
}
