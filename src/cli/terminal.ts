import type { ReadStream, WriteStream } from 'node:tty';
import { legible, type Screen } from './screen.ts';
import { fitted } from './width.ts';

const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';

/** A terminal that is drawn on as a whole, and whose keys are heard one by one. */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;

  constructor(input: ReadStream, output: WriteStream) {
    [this.#input, this.#output] = [input, output];
  }

  get columns(): number {
    return Math.max(1, this.#output.columns || 80);
  }

  get rows(): number {
    return Math.max(1, this.#output.rows || 24);
  }

  /** Takes the terminal, until what it returns is disposed of: then all is there again as it was. */
  take(onKey: (key: string) => void, onResize: () => void): Disposable {
    const hear = (bytes: Buffer) => {
      for (const key of keysIn(bytes.toString('latin1'))) onKey(key);
    };
    this.#input.setRawMode(true);
    this.#input.on('data', hear);
    this.#output.on('resize', onResize);
    this.#output.write(enter);
    return {
      [Symbol.dispose]: () => {
        this.#output.write(leave);
        this.#output.off('resize', onResize);
        this.#input.off('data', hear);
        this.#input.setRawMode(false);
        this.#input.pause();
      },
    };
  }

  /** What does not fit is left away. Lines may have colours if they fit. */
  draw(lines: readonly string[], screen: Screen): void {
    const shown = lines.slice(0, this.rows).map((line) => `${cut(legible(line, screen), this.columns)}\x1b[K`);
    this.#output.write(`\x1b[H${shown.join('\r\n')}\x1b[J`);
  }
}

/** Who types fast is heard at once; what begins with ESC is a single key (an arrow, say), or one with Alt. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys send them.
export const keysIn = (typed: string): readonly string[] => typed.match(/\x1b(?:[[O][ -?]*[@-~]|.)?|[^\x1b]/gs) ?? [];

/** A line with colours in it is as wide as the table made it. */
const cut = (line: string, columns: number): string => (line.includes('\x1b') ? line : fitted(line, columns));
