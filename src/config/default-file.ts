import { allowed } from './fit.ts';
import { allKeys, keys, tables } from './keys.ts';

const head = `# realtime-broker's settings. Every line that is commented out shows the default.
# To change any, copy this file to /etc/realtime-broker/realtime-broker.toml, which is read instead of it,
# and look it over with: realtime-brokerd --check-config`;

/** The commented file that is installed: every key with what it means, its range, and its default. */
export function defaultFile(): string {
  const parts = Object.entries(tables).map(([table, doc]) => [`# ${doc}`, `[${table}]`, ...entries(table)].join('\n'));
  return `${[head, ...parts].join('\n\n')}\n`;
}

const entries = (table: string): readonly string[] =>
  allKeys
    .filter((key) => key.startsWith(`${table}.`))
    .map((key) => {
      const row = keys[key];
      return `\n# ${row.doc} (${allowed(row)})\n#${key.slice(table.length + 1)} = ${JSON.stringify(row.default)}`;
    });
