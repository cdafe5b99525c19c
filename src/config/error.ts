/** Counted from 1; a column is one UTF-16 unit. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The line a value stands in. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

export const describeOrigin = ({ file, line }: Origin): string => `${file}:${line}`;

/** One thing wrong with the configuration, and where. */
export interface Problem {
  readonly file: string;
  /** Absent when it is the file itself. */
  readonly at?: Position;
  readonly text: string;
}

/** A file of nothing but mistakes must not fill the journal. */
export const shownMax = 100;

/** All that is wrong, to be printed as it is: one problem a line, FILE:LINE:COLUMN: first, as compilers do. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(found: readonly Problem[]) {
    const problems = [...found].sort(byPlace);
    super(summary(problems));
    this.problems = problems;
    this.name = 'ConfigError';
  }
}

/** Drop-ins have names that begin with their file's, and follow it. */
const byPlace = (a: Problem, b: Problem): number =>
  (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
  (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
  (a.at?.column ?? 0) - (b.at?.column ?? 0);

function summary(problems: readonly Problem[]): string {
  const lines = problems.slice(0, shownMax).map(describe);
  const more = problems.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more problems`] : [])].join('\n');
}

const describe = ({ file, at, text }: Problem): string =>
  at === undefined ? `${file}: ${text}` : `${file}:${at.line}:${at.column}: ${text}`;
