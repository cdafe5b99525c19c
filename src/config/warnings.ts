import { existsSync } from 'node:fs';
import { describeOrigin } from './error.ts';
import type { Found } from './found.ts';
import type { RuleLimitKey } from './keys.ts';
import type { RuleTable } from './rule-table.ts';

interface Need {
  readonly limit: RuleLimitKey;
  readonly unmet: (value: number) => boolean;
  readonly needed: string;
  readonly who: string;
}

/** What RealtimeKit1's clients count on: they ask for fixed numbers, or look at the properties and give up. */
const needs: readonly Need[] = [
  {
    limit: 'realtime_priority_max',
    unmet: (value) => value < 10,
    needed: 'at least 10',
    who: 'Firefox asks for priority 10 whatever the limit is',
  },
  {
    limit: 'nice_level_min',
    unmet: (value) => value > -11,
    needed: 'at most -11',
    who: 'PipeWire and PulseAudio ask for nice -11',
  },
  {
    limit: 'rttime_usec_max',
    unmet: (value) => value < 100_000,
    needed: 'at least 100000 us',
    who: 'some clients refuse to work with less',
  },
];

export const warningsAbout = (found: Found, rules: readonly RuleTable[]): readonly string[] => [
  ...(found.value('bus.realtimekit1') ? [...unmetNeeds(found), ...brokenWords(found, rules)] : []),
  ...missingPrograms(rules),
];

const unmetNeeds = (found: Found): readonly string[] =>
  needs
    .filter(({ limit, unmet }) => unmet(found.value(`limits.${limit}`)))
    .map(
      ({ limit, needed, who }) =>
        `limits.${limit} is ${found.value(`limits.${limit}`)}, but should be ${needed} for RealtimeKit1: ${who}`,
    );

/** A rule that lowers other limits refuses too much of what is asked; this one refuses what everybody was told to do. */
const brokenWords = (found: Found, rules: readonly RuleTable[]): readonly string[] =>
  rules.flatMap(({ limits, origin }) => {
    const [max, said] = [limits.get('rttime_usec_max'), found.value('limits.rttime_usec_max')];
    return max === undefined || max >= said
      ? []
      : `${describeOrigin(origin)}: rttime_usec_max is ${max}, but RealtimeKit1's clients set ${said} us, as limits.rttime_usec_max says: this rule refuses them`;
  });

const missingPrograms = (rules: readonly RuleTable[]): readonly string[] =>
  rules.flatMap(({ conditions, origin }) => {
    const path = conditions.get('executable')?.meant;
    return typeof path !== 'string' || existsSync(path)
      ? []
      : `${describeOrigin(origin)}: there is no ${JSON.stringify(path)}, and this rule is for nobody until there is`;
  });
