import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { chapter, claim, say, table, verdict } from '../demo/paper.ts';
import { Guest } from './guest.ts';
import { Results } from './results.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    /** All times of the rule, and of the hogs, are so many times as long; see scaleOf(). */
    scale: { type: 'string' },
    cpus: { type: 'string', default: '1,2,4' },
    /** Before the kernel's fair server, and with it. */
    suite: { type: 'string', default: 'bookworm,trixie' },
    only: { type: 'string', default: '' },
  },
});

const runs = Number(options.runs);
const cpus = options.cpus.split(',').map(Number);

/** A machine of more CPUs than this one never has all of them at once: it is given time. */
const scaleOf = (count: number): number => Number(options.scale ?? (count > availableParallelism() ? 5 : 1));

/** All stories once take a minute, and much longer where they must be told again. */
const limitSec = (scale: number): number => 120 + 180 * runs * scale;

async function main(): Promise<number> {
  for (const suite of options.suite.split(',')) {
    const results = new Results();
    chapter(`Debian ${suite}`);
    for (const count of cpus) await tell(suite, count, results);

    say();
    table(results.rows(cpus));
    say();
    say(`Told again, because the guest stood still for too long: ${results.repeated} of ${results.told}.`);
    for (const one of results.mistaken) say(`Innocent threads were demoted then, in ${one}.`);
    for (const fault of results.faults(runs)) claim(fault, false);
  }
  return verdict();
}

async function tell(suite: string, count: number, results: Results): Promise<void> {
  const scale = scaleOf(count);
  using guest = new Guest(suite, count, limitSec(scale));
  const began = performance.now();
  let kernel = '';
  const command = `uname -r; ./starve ${scale} ${runs} '${options.only}'`;

  const status = await guest.run(command, (line) => {
    if (!line.startsWith('{')) kernel += line;
    else process.stderr.write(results.hear(count, line) ? '·' : '~');
  });
  process.stderr.write('\n');
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const slowed = scale === 1 ? '' : `, ${scale} times as slow`;
  claim(`Linux ${kernel}, ${count} CPU${count > 1 ? 's' : ''}${slowed}: told to the end, in ${took}`, status === 0);
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
