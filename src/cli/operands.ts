import { printable } from '../core/printable.ts';
import { WrongUse } from './complaint.ts';
import type { ThreadId } from './remote.ts';
import type { Tool } from './verb.ts';

/** "4711", a process's main thread, or "4711/4712". @throws WrongUse */
export function parseThreadId(word: string): ThreadId {
  const [, process, thread = '0'] = /^(\d{1,10})(?:\/(\d{1,10}))?$/.exec(word) ?? [];
  if (process === undefined || Number(process) === 0)
    throw new WrongUse(`${quoted(word)} is no PID or PID/TID: expected numbers, as in 4711 or 4711/4712`);
  // For its main thread a process's own id stands, too.
  return { process: Number(process), thread: thread === process ? 0 : Number(thread) };
}

/** @throws WrongUse */
function parsePriority(word: string): number {
  if (!/^\d{1,2}$/.test(word) || Number(word) === 0)
    throw new WrongUse(`${quoted(word)} is no realtime priority: expected 1 to 99`);
  return Number(word);
}

/** What was asked for, or the highest the caller may have. @throws WrongUse */
export const priorityOf = async (tool: Tool, word: string | undefined): Promise<number> =>
  word === undefined ? (await (await tool.broker()).limits()).number('MaxRealtimePriority') : parsePriority(word);

/** @throws WrongUse */
export function parseNice(word: string): number {
  if (!/^[-+]?\d{1,2}$/.test(word) || Number(word) < -20 || Number(word) > 19)
    throw new WrongUse(`${quoted(word)} is no nice level: expected -20 to 19`);
  return Number(word);
}

const quoted = (word: string): string => `'${printable(word.slice(0, 80))}'`;

/** "4711/4712", or "4711" alone when it is the main thread. */
export const showThreadId = ({ process, thread }: ThreadId): string =>
  thread === 0 || thread === process ? `${process}` : `${process}/${thread}`;
