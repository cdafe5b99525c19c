import { allowed } from './fit.ts';
import { allKeys, keys, ruleConditions, ruleLimits, tables, untilRestart } from './keys.ts';

const head = `# realtime-broker's settings. Every line that is commented out shows the default.
#
# To change some, write them into a file of their own, /etc/realtime-broker/realtime-broker.toml.d/NAME.toml, under the
# same [table]; or copy this file to /etc/realtime-broker/realtime-broker.toml, which is read instead of it. Files in
# realtime-broker.toml.d/ are read after either, in the order of their names; the last one that sets a key counts.
# All must belong to root, and nobody else may write them.
#
# Look them over with: realtime-brokerd --check-config
# Then have the daemon read them: rtbroker reload, or systemctl reload realtime-broker. Some wait for a restart, and say so.`;

const rules = `# Exceptions to the limits, as many as you like: each is a table of its own that begins with [[rule]], says for whom it is,
# and sets limits, or refuses. For example:
#
#   [[rule]]
#   group = "students"
#   realtime_priority_max = 5
#
#   [[rule]]
#   executable = "/usr/bin/greedy"
#   refuse = true
#
# For whom; a rule that says several of these is for processes that fit them all:
${conditions()}
#
# What: each of these, as in [limits]; refuse = true to grant nothing at all; refuse = false to lift that again.
${Object.keys(ruleLimits)
  .map((name) => `#   ${name}`)
  .join('\n')}
#
# Rules are gone through in their order, drop-ins after this file. Of those that are for a process, the last one that sets
# a limit decides it. A rule by executable or user_unit alone may only take: users can make their processes look like that.`;

/** The commented file that is installed: every key with what it means, its range, and its default. */
export function defaultFile(): string {
  const parts = Object.entries(tables).map(([table, doc]) => [`# ${doc}`, `[${table}]`, ...entries(table)].join('\n'));
  return `${[head, ...parts, rules].join('\n\n')}\n`;
}

const entries = (table: string): readonly string[] =>
  allKeys
    .filter((key) => key.startsWith(`${table}.`))
    .map((key) => {
      const row = keys[key];
      const waits = untilRestart.includes(key) ? '; waits for a restart' : '';
      return `\n# ${row.doc} (${allowed(row)}${waits})\n#${key.slice(table.length + 1)} = ${JSON.stringify(row.default)}`;
    });

function conditions(): string {
  return Object.entries(ruleConditions)
    .map(([name, doc]) => `#   ${name.padEnd(11)} ${doc}`)
    .join('\n');
}
