import { type Caller, ownFace } from '../rig/caller.ts';
import type { Child } from '../rig/child.ts';
import { look } from '../rig/kernel.ts';
import { bystander, hog, type Load, loadCpu, player } from '../rig/load.ts';
import type { Rig } from '../rig/rig.ts';
import { aside, chapter, claim, paint, say } from './paper.ts';

/** Shorter than the default of 30 s, so that its end can be waited for. */
export const cooldownSec = 2;
export const config = `[canary]\ncooldown_sec = ${cooldownSec}\n`;

const hogPriority = 10;
const playerPriority = 15;
/** The hog and all others end by themselves after this time, whatever happens. */
const limitMsec = 8000;

/** The second act: a granted thread starves its CPU. */
export async function starve(rig: Rig, broker: Child, alice: Caller): Promise<void> {
  chapter(`A realtime thread of alice's keeps CPU ${loadCpu} from everybody else`);
  const bad = await rig.spawnLoad(limitMsec, [hog()], 'alice');
  const good = await rig.spawnLoad(limitMsec, [player(2000, 10_000), bystander], 'carol');
  await bad.granted(bad.tid, hogPriority);
  await good.granted(good.tid, playerPriority);
  aside('It is busy for 150 ms, sleeps 1 µs, and again: RLIMIT_RTTIME never ends such a thread. On the same CPU, of');
  aside(
    "carol's: a realtime thread that works 2 ms every 10 ms, as sound does, and an ordinary one that hardly works.",
  );

  const { afterMsec, sound, outcomes } = await burn(bad, good);
  const [played, plain] = outcomes;
  say(`From the hog's start to its end as a realtime thread: ${paint('bold', msec(afterMsec))}.`);
  say(`The ordinary thread had to wait ${msec((plain?.worstWakeUsec ?? 0) / 1000)} at worst.`);
  claim('the hog is demoted within three seconds, and runs like any other thread', isOrdinary(bad) && afterMsec < 3000);
  claim(`carol's thread still has realtime priority ${playerPriority}`, sound?.priority === playerPriority);
  claim(`and kept all of its ${played?.periods} deadlines`, played?.missed === 0 && played.periods > 0);

  await told(broker, bad);
  await cool(broker, bad, alice);
  await bad.stop();
}

/** @returns how long it took, how the kernel runs the other one afterwards, and what became of that */
async function burn(bad: Load, good: Load) {
  await good.work();
  await good.until(good.tid, 'rr');
  await bad.work();
  const { afterUsec } = await bad.until(bad.tid, 'other');
  await bad.rest();
  const sound = look(good.tid);
  return { afterMsec: afterUsec / 1000, sound, outcomes: await good.finish() };
}

async function told(broker: Child, bad: Load): Promise<void> {
  const line = await lineOf(broker, `warning: Thread ${bad.tid} `);
  claim('the journal says who did it, when and for how long:', line.includes('starved CPU'));
  say(`  ${paint('yellow', line.replace(/ \(RTBROKER_.*/, ''))}`);
  const fields = /\(RTBROKER_.*/.exec(line)?.[0] ?? '';
  aside(`  ${/RTBROKER_REASON=.*/.exec(fields)?.[0].slice(0, -1)}`);
}

/** Until it may run as before. */
async function cool(broker: Child, bad: Load, alice: Caller): Promise<void> {
  chapter('The offender cools down, and nobody else');
  const state = await stateOf(alice, bad.tid);
  claim("ListGrants shows alice's grant as 'demoted'", state === 'demoted');
  const { answer, text = '' } = await bad.ask(ownFace, bad.tid, hogPriority);
  claim('its program asks again, and is refused with CoolingDown', answer === `${ownFace.name}.Error.CoolingDown`);
  say(`  ${paint('yellow', /[^.]* in [\d.]+ s/.exec(text)?.[0].trim() ?? text)}`);
  const other = await alice.call(ownFace, 'MakeThreadRealtime', 'tu', await alice.thread(), hogPriority);
  claim('another program of hers is granted the same at once', other.ok);

  const back = await lineOf(broker, `info: Thread ${bad.tid} of process ${bad.pid} has `);
  claim(`after ${cooldownSec} s the hog's thread has its grant back:`, back !== '');
  say(`  ${paint('yellow', back.replace(/ \(RTBROKER_.*/, ''))}`);
  const { policy, priority } = look(bad.tid) ?? {};
  claim(`SCHED_RR at priority ${hogPriority}, as it was`, policy === 'rr' && priority === hogPriority);
  claim('and ListGrants shows it as active', (await stateOf(alice, bad.tid)) === 'active');
}

async function stateOf(caller: Caller, tid: number): Promise<unknown> {
  const reply = await caller.call(ownFace, 'ListGrants');
  const grants = reply.ok ? (reply.data[0] as Record<string, { data: unknown } | undefined>[]) : [];
  return grants.find(({ Thread }) => Thread?.data === tid)?.State?.data;
}

const isOrdinary = (load: Load): boolean => look(load.tid)?.policy === 'other';

/** '' when it is not said. */
const lineOf = (broker: Child, beginning: string): Promise<string> =>
  broker.line(new RegExp(`^${beginning}`), { timeoutMsec: 5000 }).catch(() => '');

const msec = (value: number): string => `${value.toFixed(0)} ms`;
