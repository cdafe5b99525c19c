import type { Aspect } from './figures.ts';

export type Verb = 'cold-grant' | 'grant' | 'property' | 'authorization' | 'rest';

export interface Step {
  readonly verb: Verb;
  readonly count: number;
  readonly aspects: readonly Aspect[];
}

/** What the client does, in one process, with a service that runs. */
export interface Case {
  readonly name: string;
  /** Steps of the client before those that are measured. */
  readonly before?: readonly string[];
  readonly steps: readonly Step[];
  readonly long?: true;
  /** While every CPU is busy with ordinary work. */
  readonly loaded?: true;
  /** Nothing is held by a service that grants nothing. */
  readonly floor?: false;
}

const step =
  (verb: Verb) =>
  (count: number, ...aspects: Aspect[]): Step => ({ verb, count, aspects });

const grant = step('grant');
const property = step('property');

const held = (count: number): Omit<Case, 'long'> => ({
  name: `held-${count}`,
  before: ['hold', `${count}`],
  steps: [grant(150, 'p50', 'p99'), property(300, 'p50', 'p99')],
  floor: false,
});

/** What the service does when nobody asks for anything, and V8 has tidied up after what was asked. */
const atRest = (...before: string[]): Case => ({
  name: `rest-${before[1] ?? 0}`,
  before: [...before, 'rest', '12'],
  steps: [step('rest')(30, 'rest')],
  floor: false,
  long: true,
});

export const cases: readonly Case[] = [
  // The first of all, and nobody is warm: what a user waits for when he logs in.
  { name: 'first-grant', steps: [step('cold-grant')(1, 'p50')], floor: false },
  { name: 'grant', steps: [grant(400, 'p50', 'p99', 'rate', 'cpu', 'polkitd')] },
  { name: 'grant-16', before: ['connections', '16'], steps: [grant(640, 'rate', 'p50', 'p99', 'cpu', 'polkitd')] },
  { name: 'grant-64', before: ['connections', '64'], steps: [grant(960, 'rate', 'p50', 'p99', 'cpu', 'polkitd')] },
  held(25),
  held(100),
  { ...held(1000), long: true },
  { name: 'property', steps: [property(1000, 'p50', 'p99', 'rate', 'cpu')] },
  { name: 'loaded', steps: [grant(300, 'p50', 'p99'), property(600, 'p50', 'p99')], loaded: true },
  atRest(),
  atRest('hold', '1'),
  atRest('hold', '25'),
];

/** These have no steps of the kind above. */
export const otherCases = ['bigmessage', 'flood', 'start', 'activation', 'memory'] as const;

export const caseNames: readonly string[] = [...cases.map(({ name }) => name), ...otherCases];
