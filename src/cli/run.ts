import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { Complaint, exitStatus } from './complaint.ts';
import { priorityOf } from './operands.ts';
import type { Tool, Verb } from './verb.ts';

/** Starts a program whose main thread is realtime from its first instruction on. */
export const run: Verb = {
  name: 'run',
  operands: ['PROGRAM', '[ARGUMENT]...'],
  flags: [
    { name: 'priority', short: 'p', value: 'PRIORITY', doc: 'SCHED_RR priority (default: the highest you may have)' },
  ],
  summary: 'start a program with its main thread realtime',
  details:
    'Sets RLIMIT_RTTIME of the program to what the broker demands, has its main thread granted realtime, and starts it; ' +
    'if that is refused, it is not started. Threads and programs that it starts are ordinary ones. The exit status is the ' +
    "program's: 126 and 127 if it cannot be run, and who ends by a signal is told by that signal. SIGTERM, SIGHUP, SIGUSR1, " +
    'SIGUSR2 are passed on; so are SIGINT and SIGQUIT, unless the terminal sends them to the program itself. What shall ' +
    'outlive the terminal has nohup(1) behind rtbroker: rtbroker run -- nohup PROGRAM.',
  startsProgram: true,
  async run(tool, { operands, given }) {
    const priority = await priorityOf(tool, given.get('priority'));
    const broker = await tool.broker();
    const rttimeUsec = (await broker.limits()).number('RTTimeUSecMax');

    const child = start(tool, rttimeUsec, operands);
    // Before it runs: a realtime program may be killed before we get to run again.
    passSignals(child, tool);
    const ended = endOf(child);
    const pid = await ready(child, ended);
    if (pid !== undefined) {
      try {
        await broker.makeRealtime({ process: pid, thread: 0 }, priority);
      } catch (fault) {
        child.kill('SIGKILL');
        throw fault;
      }
      (child.stdio[line] as Duplex).end(Buffer.of(0));
    }
    broker.close();
    return statusOf(await ended);
  },
};

/** The descriptor on which native/run/main.c says that it is ready, and hears that it may go. */
const line = 3;

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const start = (tool: Tool, rttimeUsec: number, command: readonly string[]): ChildProcess =>
  spawn(tool.runner, [`${rttimeUsec}`, ...command], { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] });

const endOf = (child: ChildProcess): Promise<End> =>
  new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', ({ message }) => reject(new Complaint(exitStatus.refused, `cannot start it: ${message}`)));
  });

/** The pid of who waits to be granted realtime; undefined when it has ended instead. */
async function ready(child: ChildProcess, ended: Promise<End>): Promise<number | undefined> {
  const said = new Promise<boolean>((resolve) => {
    const stream = child.stdio[line] as Duplex;
    stream.once('data', () => resolve(true));
    stream.once('error', () => resolve(false));
  });
  return (await Promise.race([said, ended.then(() => false)])) ? child.pid : undefined;
}

const passed = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const ofTheTerminal = ['SIGINT', 'SIGQUIT'] as const;

/** A terminal's signals go to all who run in its foreground, the program among them: it must not hear them twice. */
function passSignals(child: ChildProcess, { inForeground }: Tool): void {
  for (const signal of passed) process.on(signal, () => child.kill(signal));
  for (const signal of ofTheTerminal) process.on(signal, () => inForeground() || child.kill(signal));
}

async function statusOf({ code, signal }: End): Promise<number> {
  if (signal === null) return code ?? exitStatus.refused;
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Who is told to end by a signal that we outlive is told by a number, as shells do.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return 128 + (constants.signals[signal] ?? 0);
}
