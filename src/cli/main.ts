import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Pid, Tid } from '../core/thread.ts';
import { inForeground } from '../linux/foreground.ts';
import { LinuxMeddlers } from '../linux/meddlers.ts';
import { Proc } from '../linux/proc.ts';
import { nodeReader } from '../linux/reader.ts';
import { lookAt } from '../linux/running.ts';
import { Texts } from '../linux/texts.ts';
import { inContext, parseCommandLine } from './commandline.ts';
import { type Complaint, exitStatus, toComplaint, WrongUse } from './complaint.ts';
import { help, helpOf } from './help.ts';
import { Output } from './output.ts';
import { RemoteBroker } from './remote.ts';
import { toJson } from './report.ts';
import { screenOf } from './screen.ts';
import { Terminal } from './terminal.ts';
import { Users } from './users.ts';
import type { Asked, Tool, Verb } from './verb.ts';
import { verbs } from './verbs.ts';

declare const __VERSION__: string;

const screen = screenOf(process.stdout, process.env);
const output = new Output(process.stdout, process.stderr, screen);

async function main(): Promise<number> {
  const line = parseCommandLine(process.argv.slice(2), verbs);
  switch (line.deed) {
    case 'help':
      output.text(line.verb === undefined ? help(verbs) : helpOf(line.verb));
      return exitStatus.done;
    case 'version':
      output.line(`rtbroker ${__VERSION__}`);
      return exitStatus.done;
    case 'run':
      return run(line.verb, line.asked, line.bus);
  }
}

/** Everything a verb has, and where it comes from. */
async function run(verb: Verb, asked: Asked, bus: string | undefined): Promise<number> {
  const address = bus ?? (process.env.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/run/dbus/system_bus_socket');
  let broker: Promise<RemoteBroker> | undefined;
  const tool: Tool = {
    version: __VERSION__,
    uid: process.getuid?.() ?? 0,
    screen,
    users: new Users(),
    threads: { look: ({ process, thread }) => lookAt(process as Pid, (thread || process) as Tid) },
    settings: (file) =>
      loadConfig(file).rows.map(({ key, value, origin }) => ({ key, value, file: origin?.file, line: origin?.line })),
    runner: join(__dirname, 'rtbroker-run'),
    terminal: process.stdin.isTTY && process.stdout.isTTY ? new Terminal(process.stdin, process.stdout) : undefined,
    inForeground,
    meddlers: () => new LinuxMeddlers(new Proc(nodeReader), new Texts(nodeReader, '/sys')).running(),
    write: (text) => output.line(text),
    complain: ({ message }) => output.complain(message),
    broker: () => {
      broker ??= RemoteBroker.connect(address, process.stdin.isTTY === true);
      return broker;
    },
    untilLeave,
  };

  try {
    const said = await verb.run(tool, asked);
    if (typeof said === 'number') return said;
    if (asked.json) output.line(toJson(said.json));
    else output.lines(said.lines);
    return said.status;
  } catch (fault) {
    throw inContext(verb, fault);
  }
}

/** Ctrl-C, SIGTERM, or nobody left who reads. */
function untilLeave(): Promise<void> {
  const told = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(
    (signal) => new Promise<void>((resolve) => process.once(signal, () => resolve())),
  );
  return Promise.race([output.closed, ...told]);
}

function complain(complaint: Complaint): number {
  output.complain(complaint.message);
  if (complaint instanceof WrongUse)
    output.complain(`see 'rtbroker ${complaint.verb === undefined ? '' : `${complaint.verb} `}--help'`);
  return complaint.status;
}

main()
  .catch((fault: unknown) => complain(toComplaint(fault)))
  .then(async (status) => {
    await output.flushed();
    process.exit(status);
  });
