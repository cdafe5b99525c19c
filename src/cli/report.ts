import type { ExitStatus } from './complaint.ts';

/** What a verb found: for people and for programs. */
export interface Report {
  readonly status: ExitStatus;
  readonly lines: readonly string[];
  /** For --json; undefined for a verb that only does something. */
  readonly json?: unknown;
}

/** One line of JSON. What a terminal would obey, or not show, is escaped: names of threads and programs are anybody's. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (char) =>
    [...char.split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );
