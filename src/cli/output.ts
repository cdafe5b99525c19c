import { exitStatus } from './complaint.ts';
import { legible, type Screen } from './screen.ts';

/** Where people and programs read what the tool says. */
export class Output {
  readonly #out: NodeJS.WritableStream;
  readonly #errors: NodeJS.WritableStream;
  readonly #screen: Screen;
  /** Resolves when nobody reads any more (EPIPE): there is no more to do, and nothing to complain about. */
  readonly closed: Promise<void>;

  constructor(out: NodeJS.WritableStream, errors: NodeJS.WritableStream, screen: Screen) {
    [this.#out, this.#errors, this.#screen] = [out, errors, screen];
    this.closed = new Promise((resolve) => {
      out.on('error', (fault: NodeJS.ErrnoException) => {
        if (fault.code === 'EPIPE') return resolve();
        this.complain(`cannot write: ${fault.message}`);
        process.exit(exitStatus.refused);
      });
    });
    errors.on('error', () => {}); // There is nobody left to tell.
  }

  /** Our own text. */
  text(text: string): void {
    this.#out.write(text);
  }

  line(line: string): void {
    this.#out.write(`${legible(line, this.#screen)}\n`);
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.line(lines.join('\n'));
  }

  /** Resolves when all is written, or cannot be. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.#out.write('', () => resolve()));
  }

  complain(text: string): void {
    this.#errors.write(`rtbroker: ${legible(text, this.#screen)}\n`);
  }
}
