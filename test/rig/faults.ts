import { createInterface } from 'node:readline';
import type { Child } from './child.ts';

const faultsMax = 100;

/** What brokers take for faults of their own. A child keeps its first lines only; here the last ones count as well. */
export class Faults {
  readonly lines: string[] = [];
  warnings = 0;
  #onLine: (line: string) => void = () => {};

  /** @param onLine hears every line, of this broker and the next ones */
  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
  }

  /** To be called in the same turn in which the broker has started. */
  listen(broker: Child): void {
    for (const line of broker.lines) this.#hear(line);
    for (const stream of [broker.process.stdout, broker.process.stderr])
      createInterface(stream).on('line', (line) => this.#hear(line));
  }

  #hear(line: string): void {
    if (line.startsWith('warning:')) this.warnings++;
    if (/^error:|^ +at /.test(line) && this.lines.length < faultsMax) this.lines.push(line);
    this.#onLine(line);
  }
}
