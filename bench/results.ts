import type { Figure, Unit } from './figures.ts';
import { median } from './stats.ts';
import type { Subject } from './subjects.ts';

/** Over the rounds: the middle one, the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** One value a round. */
  readonly values: Readonly<Record<Subject, readonly number[]>>;
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** Round by round, because what drifts with the machine drifts for both. */
export function ratios({ values }: Row, subject: 'broker' | 'remembering'): number[] {
  const { rtkit } = values;
  return values[subject].flatMap((value, round) => {
    const theirs = rtkit[round];
    return theirs === undefined || theirs === 0 ? [] : [value / theirs];
  });
}

export class Results {
  readonly #rows = new Map<string, { name: string; unit: Unit; values: Record<Subject, number[]> }>();

  add(subject: Subject, figures: readonly Figure[]): void {
    for (const { name, unit, value } of figures) {
      const row = this.#rows.get(name) ?? { name, unit, values: { rtkit: [], broker: [], remembering: [], floor: [] } };
      row.values[subject].push(value);
      this.#rows.set(name, row);
    }
  }

  get rows(): readonly Row[] {
    return [...this.#rows.values()];
  }
}
