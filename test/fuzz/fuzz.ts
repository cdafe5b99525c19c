import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bystander, type Waited } from '../rig/bystander.ts';
import { type Caller, ownFace, rtkitFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { descriptorsOf } from '../rig/descriptors.ts';
import { Faults } from '../rig/faults.ts';
import { looks, tidsOf } from '../rig/kernel.ts';
import { anonymousMib } from '../rig/memory.ts';
import { built } from '../rig/paths.ts';
import { ask, realtime } from '../rig/request.ts';
import { startRig } from '../rig/rig.ts';
import { dataOf } from '../rig/stage.ts';
import type { UserName } from '../rig/users.ts';

export interface Report {
  messages: number;
  answered: number;
  /** Connections that the bus ended because of what came over them. */
  hungUp: number;
  readonly outcomes: Map<string, number>;
  /** All that was not as promised. */
  readonly findings: string[];
  /** Of the broker, after the first messages and after the last, in MiB and in number. */
  readonly memoryMib: number[];
  readonly descriptors: number[];
  /** Somebody who read a property again and again meanwhile. */
  bystander: Waited | undefined;
  seconds: number;
}

interface Slice {
  readonly answered: number;
  readonly hungUp: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

/** After so many messages of each fuzzer all is looked at. */
const sliceMessages = 25_000;

const config = `
burst.process_requests = 10000
burst.process_refill_per_sec = 10000
burst.user_requests = 10000
burst.user_refill_per_sec = 10000
`;

/** Who may be realtime sends half of the messages, who may not the other half. */
const fuzzers: readonly UserName[] = ['alice', 'bob'];

/** Two users send what nobody would send; their messages come from the seed. Whom they name, and who they are, does not. */
export async function fuzz(messages: number, seed: number, tell: (line: string) => void = () => {}): Promise<Report> {
  const report: Report = {
    ...{ messages: 0, answered: 0, hungUp: 0, seconds: 0 },
    ...{ outcomes: new Map(), findings: [], memoryMib: [], descriptors: [], bystander: undefined },
  };
  await using rig = await startRig();
  const broker = await rig.startBroker({ config });
  const faults = new Faults();
  faults.listen(broker);

  const crowd = async (user: UserName) => {
    const caller = await rig.spawnCaller(user);
    await caller.rttime(200_000, 200_000);
    return { caller, tids: [caller.pid, await caller.thread(), await caller.thread()] };
  };
  const [root, alice, bob, carol] = [
    await crowd('root'),
    await crowd('alice'),
    await crowd('bob'),
    await crowd('carol'),
  ];
  dataOf(await ask(ownFace, realtime(carol.caller, carol.tids[1]!, 7)));
  const untouchable = [...root.tids, ...bob.tids, ...carol.tids, broker.pid];
  const ids = [...alice.tids, ...untouchable, 1];
  const before = { threads: looks(untouchable), properties: await properties(root.caller) };
  const file = join(rig.dir, 'fuzzer.js');
  copyFileSync(built('build/fuzzer.js'), file);

  const bystander = new Bystander(await rig.spawnCaller('carol'), 10);
  const began = performance.now();
  const each = Math.ceil(messages / fuzzers.length);
  for (let first = 0; first < each && broker.alive; first += sliceMessages) {
    const count = Math.min(sliceMessages, each - first);
    const find = (what: string) =>
      report.findings.push(`messages ${first} to ${first + count} of seed ${seed}: ${what}`);
    await Promise.all(
      fuzzers.map(async (user, index) => {
        const words = [
          process.execPath,
          file,
          rig.address,
          `${seed + index}`,
          `${first}`,
          `${count}`,
          ...ids.map(String),
        ];
        const fuzzer = await Child.start(`fuzzer of ${user}`, words, { user: rig.users[user] });
        const privileged = await privilegedUntilItEnds(fuzzer);
        if (privileged !== undefined) find(`${user}'s fuzzer was granted: ${privileged}`);
        const line = fuzzer.lines.find((line) => line.startsWith('{"answered"'));
        if (line === undefined) return void find(fuzzer.epitaph('said nothing'));
        add(report, JSON.parse(line) as Slice, (what) => find(`${user}: ${what}`));
      }),
    );
    report.messages += fuzzers.length * count;
    report.seconds = (performance.now() - began) / 1000;
    if (!broker.alive) find(broker.epitaph('is dead'));
    else {
      if (JSON.stringify(looks(untouchable)) !== JSON.stringify(before.threads)) find("a stranger's thread is another");
      if ((await properties(root.caller)) !== before.properties) find('a property has changed');
      for (const what of await disagreements(root.caller)) find(what);
      report.memoryMib.push(anonymousMib(broker.pid));
      report.descriptors.push(descriptorsOf(broker.pid).others);
    }
    tell(
      `${report.messages} messages, ${Math.round(report.messages / report.seconds)}/s, ${report.findings.length} findings`,
    );
  }
  report.bystander = await bystander.stop();
  report.findings.push(...faults.lines);
  return report;
}

function add(report: Report, slice: Slice, find: (what: string) => void): void {
  report.answered += slice.answered;
  report.hungUp += slice.hungUp;
  for (const [outcome, count] of Object.entries(slice.outcomes))
    report.outcomes.set(outcome, (report.outcomes.get(outcome) ?? 0) + count);
  slice.findings.forEach(find);
}

/** A fuzzer has no RLIMIT_RTTIME: nothing it says may make it realtime. @returns how a thread of it ran, if it did */
async function privilegedUntilItEnds(fuzzer: Child): Promise<string | undefined> {
  let found: string | undefined;
  const timer = setInterval(() => {
    const thread = looks(threadsOf(fuzzer.pid)).find(({ policy }) => policy !== 'other');
    found ??= thread && JSON.stringify(thread);
  }, 500);
  await fuzzer.exited;
  clearInterval(timer);
  return found;
}

function threadsOf(pid: number): number[] {
  try {
    return tidsOf(pid);
  } catch {
    return [];
  }
}

/** Properties that nobody may change; the others follow from what is granted. */
async function properties(root: Caller): Promise<string> {
  const all = await Promise.all(
    [ownFace, rtkitFace].map(({ name, path }) =>
      root.call({ name, path, interface: 'org.freedesktop.DBus.Properties' }, 'GetAll', 's', name),
    ),
  );
  const changing = ['ThreadCount', 'ProcessCount', 'UserCount'];
  return JSON.stringify(all.map(dataOf), (key, value) => (changing.includes(key) ? undefined : value));
}

/** Whom the broker lists as realtime, and who is: by the kernel, of those it lists. */
async function disagreements(root: Caller): Promise<string[]> {
  const [grants] = dataOf(await root.call(ownFace, 'ListGrants')) as [Record<string, { data: unknown }>[]];
  return grants
    .filter(({ State }) => State?.data === 'active')
    .flatMap(({ Thread, Priority, Nice }) => {
      const [thread] = looks([Number(Thread?.data)]);
      const runsAsListed =
        Priority === undefined
          ? thread?.nice === Nice?.data
          : thread?.priority === Priority.data && thread?.policy === 'rr';
      return runsAsListed ? [] : [`thread ${Thread?.data} does not run as listed: ${JSON.stringify(thread)}`];
    });
}
