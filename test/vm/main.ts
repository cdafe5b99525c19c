import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { chapter, claim, say, table, verdict } from '../demo/paper.ts';
import { Guest } from './guest.ts';
import { Results } from './results.ts';

interface Machine {
  readonly title: string;
  readonly kernel: string;
  /** More for its command line. */
  readonly append?: string;
  readonly cpus: readonly number[];
  /** Whether the broker is installed there as well, in a whole Debian. */
  readonly installed?: boolean;
}

/** Before the kernel's fair server, and with it; then with interrupts in threads, at SCHED_FIFO 50. */
const machines: Readonly<Record<string, Machine>> = {
  bookworm: { title: 'bookworm', kernel: 'bookworm', cpus: [1, 2, 4] },
  trixie: { title: 'trixie', kernel: 'trixie', cpus: [1, 2, 4] },
  threadirqs: {
    title: 'trixie, threadirqs',
    kernel: 'trixie',
    append: 'threadirqs',
    cpus: [2],
    installed: true,
  },
  rt: { title: 'trixie, PREEMPT_RT', kernel: 'trixie-rt', cpus: [2], installed: true },
};

const { values: options } = parseArgs({
  options: {
    machine: { type: 'string', default: Object.keys(machines).join() },
    runs: { type: 'string', default: '1' },
    /** All times of the rule, and of the hogs, are so many times as long; see scaleOf(). */
    scale: { type: 'string' },
    cpus: { type: 'string' },
    only: { type: 'string', default: '' },
    /** No stories, but what is tried of the broker. */
    installed: { type: 'boolean', default: false },
  },
});

const runs = Number(options.runs);

/** A machine of more CPUs than this one never has all of them at once: it is given time. */
const scaleOf = (count: number): number => Number(options.scale ?? (count > availableParallelism() ? 5 : 1));

/** All stories once take a minute, and much longer where they must be told again. */
const limitSec = (scale: number): number => 120 + 180 * runs * scale;

async function main(): Promise<number> {
  for (const name of options.machine.split(',')) {
    const machine = machines[name];
    if (machine === undefined) throw new Error(`no such machine: '${name}'; there are ${Object.keys(machines)}`);
    chapter(`Debian ${machine.title}`);
    if (!options.installed) await tellAll(machine);
    if (machine.installed && options.only === '') await install(machine);
  }
  return verdict();
}

async function tellAll(machine: Machine): Promise<void> {
  const cpus = options.cpus?.split(',').map(Number) ?? machine.cpus;
  const results = new Results();
  for (const count of cpus) await tell(machine, count, results);

  say();
  table(results.rows(cpus));
  say();
  say(`Told again, because the guest stood still for too long: ${results.repeated} of ${results.told}.`);
  for (const one of results.mistaken) say(`Innocent threads were demoted then, in ${one}.`);
  const faults = results.faults(runs);
  for (const fault of faults) claim(fault, false);
  const untouched = `${results.kernelThreads} realtime threads of the kernel's own are as they were`;
  if (faults.length === 0) claim(`every hog was demoted, and nobody else; ${untouched}`, results.told > 0);
}

async function tell({ kernel, append = '' }: Machine, cpus: number, results: Results): Promise<void> {
  const scale = scaleOf(cpus);
  using guest = new Guest({ kernel, append, cpus, limit: limitSec(scale), dir: 'build/vm' });
  const began = performance.now();
  let release = '';
  const command = `uname -r; ./starve ${scale} ${runs} '${options.only}'`;

  const status = await guest.run(command, (line) => {
    if (!line.startsWith('{')) release += line;
    else process.stderr.write(results.hear(cpus, line) ? '·' : '~');
  });
  process.stderr.write('\n');
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const slowed = scale === 1 ? '' : `, ${scale} times as slow`;
  claim(`Linux ${release}, ${cpus} CPU${cpus > 1 ? 's' : ''}${slowed}: told to the end, in ${took}`, status === 0);
}

/** The broker in a whole Debian on this kernel, with the tests in guest/. */
async function install({ kernel, append = '' }: Machine): Promise<void> {
  const root = execFileSync('test/system/root.sh', ['trixie'], { encoding: 'utf8' }).trim();
  using guest = new Guest({ kernel, append, cpus: 2, mem: 2048, limit: 900, root, dir: 'build/vm-installed' });
  say();
  const status = await guest.run('bash test/vm/installed.sh', say);
  claim('what is tried with the broker installed succeeds', status === 0);
}

main().then(
  (status) => {
    process.exitCode = status;
  },
  (fault: unknown) => {
    console.error(fault);
    process.exitCode = 1;
  },
);
