import type { Complaint } from './complaint.ts';
import type { RemoteBroker } from './remote.ts';
import type { Report } from './report.ts';
import type { Screen } from './screen.ts';
import type { Terminal } from './terminal.ts';
import type { Threads } from './threads.ts';
import type { Users } from './users.ts';
import type { Flag, Words } from './words.ts';

/** A value of the configuration's files. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  /** Where it is written; undefined for a default. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** What a verb may use. */
export interface Tool {
  readonly version: string;
  /** Of whoever runs the tool. */
  readonly uid: number;
  readonly screen: Screen;
  readonly users: Users;
  readonly threads: Threads;
  /** Programs that run and are known for changing what others' threads run as. */
  meddlers(): Promise<readonly string[]>;
  /** @throws Error with all that is wrong */
  settings(file: string | undefined): readonly Setting[];
  /** Where native/run/main.c is. */
  readonly runner: string;
  /** Undefined when the output is none, or nobody sits there. */
  readonly terminal: Terminal | undefined;
  /** Whether it runs in the foreground of a terminal at this moment, whose signals then go to all that it started, too. */
  inForeground(): boolean;
  /** Prints at once. */
  write(line: string): void;
  /** Says what is wrong, and goes on. */
  complain(complaint: Complaint): void;
  /** The broker; connected when it is first asked for. @throws Complaint when there is no bus */
  broker(): Promise<RemoteBroker>;
  /** Resolves with the user's wish that it end (Ctrl-C, SIGTERM), or when nobody reads any more. */
  untilLeave(): Promise<void>;
}

export interface Asked extends Words {
  readonly json: boolean;
}

/** One row of the table of verbs: the command line, the help, the completion and the manual go by it. */
export interface Verb {
  readonly name: string;
  /** "PID[/TID]"; in brackets when it may be left out; with "..." when there may be more. */
  readonly operands: readonly string[];
  readonly flags: readonly Flag[];
  /** A line, as an order: "list the grants". */
  readonly summary: string;
  /** A paragraph more, for --help and the manual. */
  readonly details: string;
  /** Everything from the first operand on belongs to a program. */
  readonly startsProgram?: true;
  /** @returns a report to print, or what to exit with when all is said */
  run(tool: Tool, asked: Asked): Promise<Report | number>;
}

export const json: Flag = { name: 'json', doc: 'print JSON' };
