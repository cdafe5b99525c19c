import { Messages } from './message.ts';
import { Talker } from './talker.ts';

/**
 * fuzzer ADDRESS SEED FIRST COUNT ID…: an ordinary user's program that sends so many messages, and prints, as one line of
 * JSON, what came of them. It ends with 1 when the bus is gone.
 */
const [address = '', seed = '', first = '', count = '', ...ids] = process.argv.slice(2);

/** Longer than the broker may take for anything. */
const patienceMsec = 15_000;
const connectionsMax = 4;
const findingsMax = 20;

const outcomes = new Map<string, number>();
const findings: string[] = [];
let [answered, hungUp] = [0, 0];

const find = (what: string): void => void (findings.length < findingsMax && findings.push(what));

function tally(talker: Talker): void {
  answered += talker.answers;
  for (const [outcome, times] of talker.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times);
  for (const unasked of talker.unasked) find(`an answer nobody had asked for: ${unasked}`);
}

async function main(): Promise<void> {
  const messages = new Messages(Number(seed), ids.map(Number));
  const talkers: Talker[] = [];
  for (let connection = 0; connection < connectionsMax; connection++) talkers.push(await Talker.connect(address));

  for (let index = Number(first); index < Number(first) + Number(count); index++) {
    const at = index % connectionsMax;
    let talker = talkers[at]!;
    if (talker.isOver) {
      for (const message of talker.waiting) find(`the bus hung up with this unanswered: ${message.says}`);
      tally(talker);
      talker = talkers[at] = await Talker.connect(address);
    }
    const message = messages.message(index, talker.serial);
    if (message.isRude) await beRude(index, messages);
    else if (await talker.room(patienceMsec)) talker.send({ ...message, says: `message ${index}: ${message.says}` });
    else {
      find(`nothing was answered for ${patienceMsec} ms before message ${index}`);
      break;
    }
  }
  for (const talker of talkers) {
    for (const { says } of await talker.finish(patienceMsec)) find(`never answered: ${says}`);
    tally(talker);
  }
  console.log(JSON.stringify({ answered, hungUp, outcomes: Object.fromEntries(outcomes), findings }));
}

let rude: Talker | undefined;

/** On a connection of its own, which the bus may end. */
async function beRude(index: number, messages: Messages): Promise<void> {
  if (rude?.isOver) hungUp++;
  if (rude === undefined || rude.isOver) rude = await Talker.connect(address);
  rude.send(messages.message(index, rude.serial));
}

main().then(
  () => process.exit(0),
  (fault: unknown) => {
    console.error(fault);
    process.exit(1);
  },
);
