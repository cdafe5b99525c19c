import { parseArgs } from 'node:util';
import { claim, say, verdict } from '../demo/paper.ts';
import { fuzz } from './fuzz.ts';

/** A heap that is emptied now and then is never as large twice. */
const growthMibMax = 10;

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});

async function main(): Promise<number> {
  const [messages, seed] = [Number(options.messages), Number(options.seed)];
  if (!Number.isInteger(messages) || messages < 1) throw new TypeError(`--messages: '${options.messages}' are none`);
  const { outcomes, findings, memoryMib, descriptors, bystander, ...report } = await fuzz(messages, seed, (line) =>
    console.error(line),
  );

  const rate = Math.round(report.messages / report.seconds);
  say(`${report.messages} messages with seed ${seed} in ${Math.round(report.seconds)} s, ${rate} a second.`);
  say(`${report.answered} were answered; for ${report.hungUp} the bus hung up.`);
  for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a)) say(`  ${count} × ${outcome}`);
  say(`Anonymous memory after each slice, in MiB: ${memoryMib.map((mib) => mib.toFixed(1)).join(' ')}.`);
  say(`Descriptors of no thread: ${descriptors.join(' ')}.`);
  say(
    `A bystander's ${bystander?.reads} property reads: p99 ${bystander?.p99Msec} ms, worst ${bystander?.worstMsec} ms.`,
  );
  for (const finding of findings.slice(0, 20)) say(finding);
  claim('every call was answered once, and nothing was amiss', findings.length === 0);
  claim(`memory grew by less than ${growthMibMax} MiB`, grew(memoryMib) < growthMibMax);
  claim('descriptors did not grow', grew(descriptors) === 0);
  return verdict();
}

/** From the first slice to the last: the first warms up. */
const grew = (values: readonly number[]): number => (values.at(-1) ?? 0) - (values[0] ?? 0);

main().then(
  (status) => process.exit(status),
  (fault: unknown) => {
    console.error(fault);
    process.exit(1);
  },
);
