import type { TomlValue } from 'smol-toml';
import { nearest } from '../core/nearest.ts';
import { didYouMean } from './check.ts';
import { type Condition, conditionOf } from './conditions.ts';
import { describeOrigin, type Origin, type Problem } from './error.ts';
import { accepted, isTable, misfit } from './fit.ts';
import { isRuleLimit, keys, type RuleCondition, type RuleLimitKey, ruleConditions, ruleKeys } from './keys.ts';
import type { Names } from './names.ts';
import { quoteKey } from './quote.ts';
import type { Source } from './source.ts';

/** A [[rule]] as it stands in its file: every value in it may be there. */
export interface RuleTable {
  readonly source: Source;
  readonly path: readonly string[];
  readonly origin: Origin;
  readonly conditions: ReadonlyMap<RuleCondition, Condition>;
  readonly limits: ReadonlyMap<RuleLimitKey, number>;
  readonly refuse: boolean | undefined;
}

/** Adds the rules of a file, and what is wrong with them or will not do what it seems to. Stops at nothing. */
export function readRules(
  source: Source,
  names: Names,
  rules: RuleTable[],
  problems: Problem[],
  warnings: string[],
): void {
  const { rule: tables = [] } = source.values;
  if (!Array.isArray(tables)) {
    problems.push(source.problemWithName(['rule'], 'there may be many rules: write [[rule]]'));
    return;
  }
  for (const [index, table] of tables.entries()) readRule(['rule', `${index}`], table);

  function readRule(path: readonly string[], table: TomlValue): void {
    if (!isTable(table)) {
      problems.push(source.problem(path, 'a rule is a table: write [[rule]]'));
      return;
    }
    const draft: Draft = { conditions: new Map(), limits: new Map(), refuse: undefined };
    for (const [name, value] of Object.entries(table)) {
      const at = [...path, name];
      if (!ruleKeys.includes(name)) {
        problems.push(source.problemWithName(at, unknown(name)));
        continue;
      }
      const misfits = take(draft, name, value, source.written(at), names);
      if (misfits !== undefined) problems.push(source.problem(at, `rule.${name} ${misfits}`));
    }

    const lacks = lackOf(Object.keys(table));
    if (lacks !== undefined) problems.push(source.problemWithName(path, lacks));
    const origin = source.origin(path);
    warnings.push(...strangersOf(draft).map((stranger) => `${describeOrigin(origin)}: ${stranger}`));
    rules.push({ source, path, origin, ...draft });
  }
}

interface Draft {
  readonly conditions: Map<RuleCondition, Condition>;
  readonly limits: Map<RuleLimitKey, number>;
  refuse: boolean | undefined;
}

/** @returns why it cannot be written there, to be read after the key */
function take(draft: Draft, name: string, value: TomlValue, written: string, names: Names): string | undefined {
  if (isCondition(name)) {
    const condition = conditionOf(name, value, names);
    if (condition === undefined) return `must be ${ruleConditions[name]}, not ${written}`;
    draft.conditions.set(name, condition);
  } else if (isRuleLimit(name)) {
    const row = keys[`limits.${name}`];
    const fitting = accepted(row, value);
    if (fitting === undefined) return misfit(row, value, written);
    draft.limits.set(name, fitting as number);
  } else {
    if (typeof value !== 'boolean') return `must be true or false, not ${written}`;
    draft.refuse = value;
  }
  return undefined;
}

function lackOf(said: readonly string[]): string | undefined {
  if (!said.some(isCondition))
    return `this rule is for nobody in particular: say for whom, by ${whom}; what is for everybody stands in [limits]`;
  return said.every(isCondition) ? 'this rule says nothing: give it a limit, or refuse = true' : undefined;
}

/** Names that nobody has: the rule may be older than its user, or younger. */
const strangersOf = ({ conditions }: Draft): readonly string[] =>
  [...conditions]
    .filter(([, { meant }]) => meant === undefined)
    .map(
      ([name, { written }]) =>
        `there is no ${name} ${JSON.stringify(written)} in ${name === 'user' ? '/etc/passwd' : '/etc/group'},` +
        ' and this rule is for nobody; one who is known elsewhere must be given by number',
    );

const isCondition = (name: string): name is RuleCondition => Object.hasOwn(ruleConditions, name);

const whom = Object.keys(ruleConditions)
  .join(', ')
  .replace(/, (?=[^,]*$)/, ' or ');

function unknown(name: string): string {
  if (name === 'users_max')
    return 'rule.users_max is not a setting: users are counted on the whole machine, in [limits]';
  const meant = nearest(name, ruleKeys);
  return `rule.${quoteKey(name)} is not a setting${didYouMean(meant && `rule.${meant}`)}`;
}
