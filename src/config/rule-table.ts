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
    const conditions = new Map<RuleCondition, Condition>();
    const limits = new Map<RuleLimitKey, number>();
    let refuse: boolean | undefined;
    for (const [name, value] of Object.entries(table)) {
      const at = [...path, name];
      const misfits = (text: string) => problems.push(source.problem(at, `rule.${name} ${text}`));
      if (isCondition(name)) {
        const condition = conditionOf(name, value, names);
        if (condition === undefined) misfits(`must be ${ruleConditions[name]}, not ${source.written(at)}`);
        else conditions.set(name, condition);
      } else if (isRuleLimit(name)) {
        const row = keys[`limits.${name}`];
        const fitting = accepted(row, value);
        if (fitting === undefined) misfits(misfit(row, value, source.written(at)));
        else limits.set(name, fitting as number);
      } else if (name === 'refuse') {
        if (typeof value === 'boolean') refuse = value;
        else misfits(`must be true or false, not ${source.written(at)}`);
      } else problems.push(source.problemWithName(at, unknown(name)));
    }

    const origin = source.origin(path);
    const said = Object.keys(table);
    if (!said.some(isCondition))
      problems.push(
        source.problemWithName(
          path,
          `this rule is for nobody in particular: say for whom, by ${whom}; what is for everybody stands in [limits]`,
        ),
      );
    else if (said.every(isCondition))
      problems.push(source.problemWithName(path, 'this rule says nothing: give it a limit, or refuse = true'));
    for (const [name, { written, meant }] of conditions)
      if (meant === undefined)
        warnings.push(
          `${describeOrigin(origin)}: there is no ${name} ${JSON.stringify(written)} in ${name === 'user' ? '/etc/passwd' : '/etc/group'}, and this rule is for nobody; one who is known elsewhere must be given by number`,
        );
    rules.push({ source, path, origin, conditions, limits, refuse });
  }
}

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
