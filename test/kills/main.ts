import { parseArgs } from 'node:util';
import { claim, say, verdict } from '../demo/paper.ts';
import { killAgainAndAgain } from './kills.ts';

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
});

async function main(): Promise<number> {
  const [kills, seed] = [Number(options.kills), Number(options.seed)];
  const startMsec = performance.now();
  const report = await killAgainAndAgain(kills, seed, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${kills}`);
  });
  const { outcomes, found } = report;
  const minutes = ((performance.now() - startMsec) / 60_000).toFixed(1);
  say(
    `${report.kills} kills in ${minutes} minutes with seed ${seed}, ${report.early} of them before it had its names.`,
  );
  say(`Of what was asked: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}.`);
  say(
    `${report.adopted} grants were taken over; ${report.torn} records were cut off amid writing; ${report.anew} logbooks had been written anew; ${report.reused} tids came again.`,
  );
  for (const [kind, stories] of Object.entries(found)) {
    for (const story of stories.slice(0, 20)) say(`${kind}: ${story}`);
  }
  claim(`${found.lost.length} grants were lost`, found.lost.length === 0);
  claim(`${found.twice.length} were granted twice`, found.twice.length === 0);
  claim(`${found.unsupervised.length} threads were realtime and not supervised`, found.unsupervised.length === 0);
  claim(`${found.other.length} other faults were found`, found.other.length === 0);
  return verdict();
}

main().then(
  (status) => process.exit(status),
  (fault: unknown) => {
    console.error(fault);
    process.exit(1);
  },
);
