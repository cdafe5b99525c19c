import { printable } from '../core/printable.ts';
import { type Column, table } from './columns.ts';
import { exitStatus } from './complaint.ts';
import { toned } from './screen.ts';
import { json, type Setting, type Verb } from './verb.ts';

/** What the files of the configuration come to, and where each value is written. */
export const config: Verb = {
  name: 'config',
  operands: [],
  flags: [
    { name: 'config', short: 'c', value: 'FILE', doc: 'this configuration and its drop-ins, as the daemon has it' },
    json,
  ],
  summary: 'show every setting, with the file and line it comes from',
  details:
    'What the files come to at this moment: a broker that runs has read them when it was started, or at the last reload. ' +
    'Rules are numbered in their order, the last that matches wins. If anything is wrong it tells all of it, and exits with 1.',
  async run(tool, { given }) {
    const settings = tool.settings(given.get('config'));
    return {
      status: exitStatus.done,
      lines: table(columns, settings, tool.screen),
      json: settings.map(({ key, value, file, line }) => ({ key, value, file: file ?? null, line: line ?? null })),
    };
  },
};

const columns: readonly Column<Setting>[] = [
  { title: 'KEY', cell: ({ key }) => key },
  { title: 'VALUE', cell: ({ value }) => printable(JSON.stringify(value)), narrowest: 10 },
  {
    title: 'FROM',
    cell: ({ file, line }) => (file === undefined ? toned('default', 'dim') : printable(`${file}:${line}`)),
  },
];

/** Has the broker read its configuration anew. */
export const reload: Verb = {
  name: 'reload',
  operands: [],
  flags: [],
  summary: 'have the broker read its configuration anew',
  details:
    'If anything is wrong with it, all of that is told, and the broker keeps the configuration it has. ' +
    "A limit that is lowered takes no grant away: 'status' shows who is over it. Needs org.example.RealtimeBroker.manage, " +
    'which root has.',
  async run(tool) {
    await (await tool.broker()).reload();
    return { status: exitStatus.done, lines: ['The broker has read its configuration anew.'] };
  },
};
