import { exitStatus, WrongUse } from './complaint.ts';
import { given as describe } from './grant.ts';
import { parseNice, parseThreadId, priorityOf, showThreadId } from './operands.ts';
import type { Report } from './report.ts';
import type { Verb } from './verb.ts';

const done = (line: string): Report => ({ status: exitStatus.done, lines: [line] });

/** Asks for a thread what a program asks for itself. */
export const grant: Verb = {
  name: 'grant',
  operands: ['PID[/TID]', '[PRIORITY]'],
  flags: [{ name: 'nice', short: 'n', value: 'NICE', doc: 'high priority instead: this nice level, -20 to -1' }],
  summary: 'make a thread realtime, or give it a nice level',
  details:
    'Asks for the main thread of PID, or for TID, as the program itself would: polkit, the limits and RLIMIT_RTTIME of the ' +
    'process decide. Without PRIORITY it asks for the highest you may have. A nice level of 0 or more gives the grant back.',
  async run(tool, { operands, given }) {
    const id = parseThreadId(operands[0]!);
    const nice = given.get('nice');
    if (nice === undefined) {
      const priority = await priorityOf(tool, operands[1]);
      await (await tool.broker()).makeRealtime(id, priority);
      return done(`Thread ${showThreadId(id)} now runs at ${describe({ kind: 'realtime', level: priority })}.`);
    }

    if (operands[1] !== undefined) throw new WrongUse('either PRIORITY or --nice can be asked for, not both');
    const level = parseNice(nice);
    await (await tool.broker()).makeHighPriority(id, level);
    return done(`Thread ${showThreadId(id)} now runs at ${describe({ kind: 'high-priority', level })}.`);
  },
};

/** Gives a grant back. */
export const release: Verb = {
  name: 'release',
  operands: ['PID[/TID]'],
  flags: [],
  summary: 'give a grant back',
  details:
    'The thread returns to the scheduling it had before. Your own threads; others with org.example.RealtimeBroker.manage.',
  async run(tool, { operands }) {
    const id = parseThreadId(operands[0]!);
    await (await tool.broker()).release(id);
    return done(`Thread ${showThreadId(id)} has given its grant back.`);
  },
};

/** Takes grants away, as the watchdog does. */
export const demote: Verb = {
  name: 'demote',
  operands: ['[PID[/TID]]'],
  flags: [{ name: 'all', doc: 'every granted thread of everybody' }],
  summary: 'take the grant of a thread, or all grants, away',
  details:
    'The thread is an ordinary one at once. Needs org.example.RealtimeBroker.manage, which root has. ' +
    'The program is not told, and may ask again.',
  async run(tool, { operands: [word], given }) {
    if (given.has('all') === (word !== undefined)) throw new WrongUse('name a thread, PID or PID/TID, or say --all');
    if (word === undefined) {
      await (await tool.broker()).demoteAll();
      return done('All granted threads are ordinary ones now.');
    }
    const id = parseThreadId(word);
    await (await tool.broker()).demote(id);
    return done(`Thread ${showThreadId(id)} is an ordinary one now.`);
  },
};
