/**
 * OpenMetrics 1.0, text format. Only types that the Prometheus text format has, too, so that the node exporter's textfile
 * collector reads it; `info` and `stateset` it would refuse.
 */
export interface Family {
  /** Without a counter's "_total". */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The name's last word, if it is a unit. */
  readonly unit?: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** "_total", "_bucket" and the like. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export const openMetrics = (families: readonly Family[]): readonly string[] => [...families.flatMap(linesOf), '# EOF'];

const linesOf = ({ name, type, unit, help, samples }: Family): readonly string[] => [
  `# TYPE ${name} ${type}`,
  ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  `# HELP ${name} ${escaped(help)}`,
  ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelSet(labels)} ${value}`),
];

function labelSet(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/**
 * @param bounds upper bounds of the classes, in increasing order, in the unit of the name
 * @param counts how many were in each class, and in one more beyond the last bound
 */
export function histogram(bounds: readonly number[], counts: readonly number[], sum: number): readonly Sample[] {
  let count = 0;
  const buckets = counts.map((each, index) => {
    count += each;
    return { suffix: '_bucket', labels: { le: float(bounds[index]) }, value: count };
  });
  return [...buckets, { suffix: '_count', value: count }, { suffix: '_sum', value: sum }];
}

/** Bounds are written as floats: "1.0". */
const float = (bound: number | undefined): string =>
  bound === undefined ? '+Inf' : Number.isInteger(bound) ? `${bound}.0` : `${bound}`;
