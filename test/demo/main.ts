import { existsSync } from 'node:fs';
import { type Caller, ownFace, type Reply, rtkitFace } from '../rig/caller.ts';
import type { Child } from '../rig/child.ts';
import { type Look, look } from '../rig/kernel.ts';
import { type Rig, startRig } from '../rig/rig.ts';
import { aside, chapter, claim, paint, say, table, verdict } from './paper.ts';
import { config, starve } from './starve.ts';

const priority = 10;
const rttimeUsec = 200_000;

async function demo(): Promise<number> {
  console.log(paint('bold', 'realtime-broker: a thread asks over D-Bus, polkit agrees, the kernel runs it SCHED_RR'));

  chapter('A bus, polkit and the broker, for this demo alone');
  await using rig = await startRig();
  const broker = await start(rig);

  const alice = await rig.spawnCaller('alice');
  const tid = await grant(alice);
  await refuse(rig, alice);
  await list(rig, alice, tid);
  await starve(rig, broker, alice);
  if (process.argv.includes('--stay')) await stay(rig);
  await cleanUp(rig, broker, [alice]);
  return verdict();
}

async function start(rig: Rig): Promise<Child> {
  const broker = await rig.startBroker({ config });
  const owners = (await rig.busctl(['list', '--no-legend'])).stdout;
  const owns = (pid: number | undefined, name: string) => new RegExp(`^${name} +${pid} `, 'm').test(owners);

  claim(`a bus as strict as the system's: ${rig.address}`, owners !== '');
  claim(
    'a real polkitd, with our actions and polkit/50-realtime-broker-example.rules',
    owns(rig.polkitPid, 'org.freedesktop.PolicyKit1'),
  );
  for (const { name } of [ownFace, rtkitFace]) claim(`the broker owns ${name}`, owns(broker.pid, name));
  aside('No logind runs here, so nobody has a session at this machine, which is what polkit asks for by default:');
  aside('the grant below comes from the example rule for the group "realtime".');
  return broker;
}

/** Until Ctrl-C, with which the rig ends. */
async function stay(rig: Rig): Promise<never> {
  chapter('Your turn');
  say('In another terminal, paste this, and then what README.md shows:');
  say('');
  say(`export DBUS_SYSTEM_BUS_ADDRESS=${rig.address}`);
  say('');
  say('Ctrl-C here ends it all.');
  return await new Promise<never>(() => {});
}

/** @returns the tid of the thread that is realtime now */
async function grant(alice: Caller): Promise<number> {
  chapter('A program of alice, an ordinary user in the group "realtime", asks for one of its threads');
  const tid = await alice.thread();
  const before = look(tid);
  await alice.rttime(rttimeUsec / 2, rttimeUsec);
  const reply = await alice.call(ownFace, 'MakeThreadRealtime', 'tu', tid, priority);
  const after = look(tid);

  table([
    ['the kernel says', 'policy', 'priority', 'reset-on-fork', 'RLIMIT_RTTIME'],
    row('before', before),
    row('after', after),
  ]);
  say(`MakeThreadRealtime(${tid}, ${priority}): ${reply.ok ? 'granted' : reply.error}, in ${msec(reply.usec)}`);
  if (!reply.ok) say(reply.text);
  claim('before, it ran like any other thread', before?.policy === 'other' && before.priority === 0);
  claim(`now it runs SCHED_RR at priority ${priority}`, after?.policy === 'rr' && after.priority === priority);
  claim('what it forks will not', after?.resetOnFork === true);
  claim(`and the kernel ends it after ${msec(rttimeUsec)} without a pause`, after?.rttimeHard === rttimeUsec);
  return tid;
}

const row = (when: string, seen: Look | undefined): string[] =>
  seen === undefined
    ? [when, 'gone']
    : [
        when,
        `SCHED_${seen.policy.toUpperCase()}`,
        `${seen.priority}`,
        seen.resetOnFork ? 'yes' : 'no',
        seen.rttimeHard === 'unlimited' ? 'unlimited' : msec(seen.rttimeHard),
      ];

const msec = (usec: number): string => `${(usec / 1000).toFixed(usec < 10_000 ? 1 : 0)} ms`;

async function refuse(rig: Rig, alice: Caller): Promise<void> {
  chapter('Who may not have it hears why');
  const bob = await rig.spawnCaller('bob');
  await bob.rttime(rttimeUsec / 2, rttimeUsec);
  await no('bob, who is not in the group', bob, priority, 'NotAuthorized');
  await no('alice, who wants priority 50', alice, 50, 'PriorityAboveLimit');
  await bob.stop();
}

async function no(who: string, caller: Caller, wanted: number, reason: string): Promise<void> {
  const tid = await caller.thread();
  const reply = await caller.call(ownFace, 'MakeThreadRealtime', 'tu', tid, wanted);
  claim(`${who}, is refused with ${reason}`, refusedWith(reply, reason));
  for (const sentence of reply.ok ? ['granted'] : reply.text.split(/(?<=\.) (?=[A-Z])/))
    say(`  ${paint('yellow', sentence)}`);
  claim('  and the thread runs as before', look(tid)?.policy === 'other');
  await caller.end(tid);
}

const refusedWith = (reply: Reply, reason: string): boolean =>
  !reply.ok && reply.error === `${ownFace.name}.Error.${reason}` && reply.text !== '';

/** As busctl --json shows a grant: a variant is a type and its data. */
type Shown = Readonly<Record<string, { readonly data: unknown } | undefined>>;

async function list(rig: Rig, alice: Caller, tid: number): Promise<void> {
  chapter('What is out, as alice sees it');
  aside(`busctl call ${ownFace.name} ${ownFace.path} ${ownFace.name} ListGrants`);
  const grants = await listGrants(rig);
  const keys = ['Uid', 'Process', 'Thread', 'Comm', 'Kind', 'Priority', 'State'];
  table([keys, ...grants.map((grant) => keys.map((key) => String(grant[key]?.data)))]);
  claim('the one grant, and no other', grants.length === 1 && grants[0]?.Thread?.data === tid);

  await alice.end(tid);
  claim('the thread ends, and its grant with it', await soon(async () => (await listGrants(rig)).length === 0));
}

async function listGrants(rig: Rig): Promise<readonly Shown[]> {
  const words = ['--json=short', 'call', ownFace.name, ownFace.path, ownFace.name, 'ListGrants'];
  const { stdout, stderr } = await rig.busctl(words, 'alice');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout).data[0];
}

async function soon(come: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) {
    if (await come()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function cleanUp(rig: Rig, broker: Child, callers: readonly Caller[]): Promise<void> {
  chapter('Clean-up');
  const pids = [rig.busPid, rig.polkitPid, broker.pid, ...callers.map(({ pid }) => pid)];
  const { code } = await broker.stop();
  claim('the broker ended well', code === 0);
  await rig.stop();
  claim(
    'nothing that was started still runs',
    pids.every((pid) => !existsSync(`/proc/${pid}/exe`)),
  );
  claim('and no file is left', !existsSync(rig.dir));
}

demo().then(
  (status) => {
    process.exitCode = status;
  },
  (fault) => {
    console.error(paint('red', `\nThe demo could not go on: ${fault instanceof Error ? fault.message : fault}`));
    process.exitCode = 1;
  },
);
