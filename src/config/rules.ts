import type { Conditions, Rule, RuleLimits } from '../core/rules.ts';
import type { Gid, Uid } from '../core/thread.ts';
import { isSlice } from './conditions.ts';
import { describeOrigin, type Problem } from './error.ts';
import type { Found } from './found.ts';
import { type RuleCondition, type RuleLimitKey, ruleLimits } from './keys.ts';
import type { RuleTable } from './rule-table.ts';

/** The rules as they are judged by, in their order; without those that are for nobody. */
export const rulesFrom = (tables: readonly RuleTable[]): readonly Rule[] =>
  tables
    .filter(({ conditions }) => [...conditions.values()].every(({ meant }) => meant !== undefined))
    .map(({ conditions, limits, refuse, origin }) => ({
      conditions: conditionsFrom((name) => conditions.get(name)?.meant),
      limits: limitsFrom(limits),
      ...(refuse !== undefined && { refuse }),
      origin: describeOrigin(origin),
    }));

function conditionsFrom(meant: (name: RuleCondition) => string | number | undefined): Conditions {
  const [user, group] = [meant('user'), meant('group')] as [Uid | undefined, Gid | undefined];
  const [executable, unit, slice, userUnit] = (['executable', 'unit', 'slice', 'user_unit'] as const).map(meant) as [
    string | undefined,
    string | undefined,
    string | undefined,
    string | undefined,
  ];
  return {
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(executable !== undefined && { executable }),
    ...(unit !== undefined && { unit }),
    ...(slice !== undefined && { slice }),
    ...(userUnit !== undefined && { userUnit }),
  };
}

const limitsFrom = (limits: RuleTable['limits']): RuleLimits =>
  Object.fromEntries(
    [...limits].map(([name, value]) => [ruleLimits[name], name === 'rttime_usec_max' ? BigInt(value) : value]),
  );

/**
 * A user can run any program and let it do what he likes, and names and places his own units as he likes. So what is said
 * of these alone may take, but never give: he would take it with another program, too.
 */
export function keepFromRaising(rules: readonly RuleTable[], found: Found, problems: Problem[]): void {
  for (const [index, rule] of rules.entries()) {
    if (isTrusted(rule)) continue;
    const before = rules.slice(0, index).filter((earlier) => canMeet(earlier, rule));
    for (const [name, value] of rule.limits) {
      const otherwise = strictest(name, before, found);
      if (!exceeds(name, value, otherwise.value)) continue;
      const side = name === 'nice_level_min' ? 'below' : 'above';
      tell(rule, name, `${value}, ${side} the ${otherwise.value} that ${otherwise.where} gives`);
    }
    const refusing = before.find(({ refuse }) => refuse === true);
    if (rule.refuse === false && refusing !== undefined)
      tell(rule, 'refuse', `false, where the rule at ${describeOrigin(refusing.origin)} refuses`);
  }

  function tell({ source, path, conditions }: RuleTable, name: string, what: string): void {
    const by = [...conditions.keys()].join(' and ');
    const text = `rule.${name} is ${what}; a rule by ${by} alone may only take, since users can make their processes look like that: name a user or a group as well`;
    problems.push(source.problem([...path, name], text));
  }
}

/** Whom root alone can make look like that. */
const isTrusted = ({ conditions }: RuleTable): boolean =>
  conditions.size === 0 || (['user', 'group', 'unit', 'slice'] as const).some((name) => conditions.has(name));

/** Whether a process can be meant by both. */
function canMeet(one: RuleTable, other: RuleTable): boolean {
  const differ = (name: RuleCondition) => {
    const [mine, theirs] = [one, other].map(({ conditions }) => conditions.get(name)?.meant);
    // Slices lie in slices, and a process is in all of them.
    return (
      mine !== undefined && theirs !== undefined && mine !== theirs && !isSlice(`${mine}`) && !isSlice(`${theirs}`)
    );
  };
  return !differ('executable') && !differ('user_unit');
}

function strictest(name: RuleLimitKey, rules: readonly RuleTable[], found: Found) {
  let least = { value: found.value(`limits.${name}`), where: `limits.${name}` };
  for (const { limits, origin } of rules) {
    const value = limits.get(name);
    if (value !== undefined && exceeds(name, least.value, value))
      least = { value, where: `the rule at ${describeOrigin(origin)}` };
  }
  return least;
}

/** Whether the one gives more than the other. */
const exceeds = (name: RuleLimitKey, one: number, other: number): boolean =>
  name === 'nice_level_min' ? one < other : one > other;
