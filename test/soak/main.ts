import { parseArgs } from 'node:util';
import { claim, say, verdict } from '../demo/paper.ts';
import { soak } from './soak.ts';

/** A heap that is emptied now and then is never as large twice. */
const growthMibMax = 10;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
});

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, count]) => `${count} × ${what}`).join(', ');

async function main(): Promise<number> {
  const [minutes, seed] = [Number(options.minutes), Number(options.seed)];
  if (!(minutes >= 5 && minutes <= 10_000))
    throw new TypeError(`--minutes: '${options.minutes}' is not a number from 5 on`);
  const report = await soak({ minutes, seed, hogs: true }, (line) => console.error(line));
  const { memory, descriptors, left, findings } = report;
  const asked = [...report.outcomes.values()].reduce((sum, count) => sum + count, 0);

  say(`${minutes} minutes with seed ${seed}. What was done: ${list(report.done)}.`);
  say(`${asked} requests of those who ask all the time: ${list(report.outcomes)}.`);
  say(`${report.adopted} grants were taken over; ${report.warnings} warnings; ${report.audits} audits.`);
  if (report.polkitStops > 0) say(`polkitd stood still: ${report.polkitStops} × what was to be done was left out.`);
  const [firstMib, lastMib] = memory.ends;
  say(
    `Anonymous memory in the second half, from its third minute on: ${firstMib.toFixed(1)} MiB, then ${lastMib.toFixed(1)} MiB; ${(memory.slope * 1024).toFixed(1)} KiB a minute over ${memory.count} looks.`,
  );
  const [first, last] = descriptors.ends;
  say(`Descriptors of no thread: ${first}, then ${last}. In the end, of threads: ${left.watched + left.pidfds}.`);
  for (const finding of findings.slice(0, 20)) say(finding);
  claim('ledger, roster and kernel agree on every thread, in every audit', findings.length === 0);
  claim(`memory grew by less than ${growthMibMax} MiB`, lastMib - firstMib < growthMibMax);
  claim('descriptors did not grow', first === last && left.watched + left.pidfds === 0);
  return verdict();
}

main().then(
  (status) => process.exit(status),
  (fault: unknown) => {
    console.error(fault);
    process.exit(1);
  },
);
