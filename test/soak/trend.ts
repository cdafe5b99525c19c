/** Something measured now and then. */
export class Trend {
  readonly #points: { readonly minute: number; readonly value: number }[] = [];

  add(minute: number, value: number): void {
    this.#points.push({ minute, value });
  }

  get count(): number {
    return this.#points.length;
  }

  /** Of the first quarter of all points, the one in the middle; and of the last. */
  get ends(): readonly [first: number, last: number] {
    const values = this.#points.map(({ value }) => value);
    const quarter = Math.max(1, Math.floor(values.length / 4));
    return [middle(values.slice(0, quarter)), middle(values.slice(-quarter))];
  }

  /** Of the line that lies closest to all points, a minute. */
  get slope(): number {
    const minute = mean(this.#points.map(({ minute }) => minute));
    const value = mean(this.#points.map(({ value }) => value));
    const over = (f: (point: { minute: number; value: number }) => number) => mean(this.#points.map(f));
    const spread = over((point) => (point.minute - minute) ** 2);
    return spread === 0 ? 0 : over((point) => (point.minute - minute) * (point.value - value)) / spread;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
