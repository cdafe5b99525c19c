import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, type Face, ownFace, type Reply, rtkitFace } from '../rig/caller.ts';
import { look, looks, tidsOf } from '../rig/kernel.ts';
import { hog, Load } from '../rig/load.ts';
import { Nonsensical } from '../rig/nonsense.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf } from '../rig/stage.ts';
import type { Scene } from './scene.ts';

/** Something that happens to a broker in service. It throws when the broker does not bear it as promised. */
export interface Deed {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** The broker that was there is not there any more. */
  readonly ends?: true;
  readonly run: (scene: Scene) => Promise<void>;
}

export const deeds: readonly Deed[] = [
  { name: 'SIGKILL', weight: 4, ends: true, run: (scene) => scene.restart('SIGKILL') },
  { name: 'SIGUSR1', weight: 2, ends: true, run: (scene) => scene.restart('SIGUSR1') },
  { name: 'reload', weight: 2, run: async ({ root }) => void dataOf(await root.call(ownFace, 'Reload')) },
  { name: 'polkit stops and goes on', weight: 2, run: polkitStops },
  { name: 'polkit starts again', weight: 1, run: polkitRestarts },
  { name: 'a crowd of 50 connections', weight: 2, run: crowdAsks },
  { name: '16 MB', weight: 1, run: hugeMessage },
  { name: 'nonsense', weight: 2, run: nonsense },
  {
    name: 'a worker calls exec',
    weight: 2,
    run: visit(async (caller, tids) => {
      await caller.exec(tids.at(-1));
      await ordinary(caller);
    }),
  },
  {
    name: 'a leader calls exec',
    weight: 2,
    run: visit(async (caller, tids) => {
      granted(await ask(ownFace, realtime(caller, caller.pid, 7)));
      await caller.exec();
      await until(() => tids.every((tid) => look(tid) === undefined), 'its threads are gone');
      if (look(caller.pid)?.priority !== 7) throw new Error('a leader lost its grant when it called exec');
    }),
  },
  { name: 'threads end', weight: 2, run: visit((caller, tids) => each(tids, (tid) => caller.end(tid))) },
  { name: 'threads leave realtime', weight: 1, run: visit((caller, tids) => each(tids, (tid) => caller.relax(tid))) },
  {
    name: 'threads are given back',
    weight: 2,
    run: visit(async (caller, tids) => {
      await each(tids, async (tid) => dataOf(await caller.call(ownFace, 'ReleaseThread', 'tt', caller.pid, tid)));
      await ordinary(caller);
    }),
  },
  { name: 'a program is killed', weight: 2, run: visit(async (caller) => caller.kill()) },
  {
    name: 'a program is killed while it asks',
    weight: 2,
    run: visit(async (caller) => {
      await caller.send(ownFace, 'MakeThreadRealtime', 'tu', 0, 5);
      caller.kill();
    }),
  },
];

/** Only who is alone on the machine may do this one. */
export const hogDeed: Deed = { name: 'a hog', weight: 0, run: hogBurns };

const polkitSilent = 'polkit could not be asked';

/** polkitd 122 stands still now and then, for 15 s: what was to be done then is left out, and told of. */
export class PolkitStoodStill extends Error {}

/** @throws unless it went well; PolkitStoodStill */
function granted(reply: Reply): void {
  if (!reply.ok && reply.text.includes(polkitSilent)) throw new PolkitStoodStill(reply.text);
  dataOf(reply);
}

/** A program comes, is granted something for its threads, and goes in some way. */
function visit(go: (caller: Caller, tids: readonly number[]) => Promise<void>): Deed['run'] {
  return async (scene) => {
    const caller = await scene.visitor();
    try {
      const tids: number[] = [];
      for (let thread = scene.chance.below(4); thread >= 0; thread--) {
        tids.push(await caller.thread());
        const isRealtime = scene.chance.random() < 0.7;
        const request = isRealtime ? realtime(caller, tids.at(-1)!, 5) : highPriority(caller, tids.at(-1)!, -5);
        granted(await ask(scene.chance.one([ownFace, rtkitFace]), request));
      }
      await go(caller, tids);
    } finally {
      await caller.stop();
    }
  };
}

async function polkitStops(scene: Scene): Promise<void> {
  await scene.rig.pausePolkit();
  await sleep(scene.chance.random() * 2000);
  scene.rig.resumePolkit();
  await polkitAnswers(scene);
}

async function polkitRestarts(scene: Scene): Promise<void> {
  await scene.rig.stopPolkit();
  await scene.rig.startPolkit();
  await polkitAnswers(scene);
}

/**
 * polkitd itself takes its time, up to 15 s, and now and then comes up without its rules, and refuses everybody: then
 * another one is started.
 */
async function polkitAnswers(scene: Scene): Promise<void> {
  const caller = await scene.visitor('alice');
  try {
    const answers = async () => (await ask(ownFace, realtime(caller, 0, 5))).ok;
    await until(answers, 'polkit is asked again', 20_000);
  } catch (fault) {
    if (await polkitAllows(scene, caller)) throw fault;
    await scene.rig.stopPolkit();
    await scene.rig.startPolkit();
    throw new PolkitStoodStill();
  } finally {
    await caller.stop();
  }
}

const polkit: Face = {
  name: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
};

/** On polkit's own word. */
async function polkitAllows({ root }: Scene, { pid, user }: Caller): Promise<boolean> {
  const born = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
  const subject = ['unix-process', 3, 'pid', 'u', pid, 'start-time', 't', born, 'uid', 'i', user.uid];
  const question = [...subject, `${ownFace.name}.acquire-real-time`, 0, 0, ''];
  const reply = await root.call(polkit, 'CheckAuthorization', '(sa{sv})sa{ss}us', ...question);
  return reply.ok && JSON.stringify(reply.data).startsWith('[[true');
}

async function hogBurns({ rig }: Scene): Promise<void> {
  const load = await Load.start(rig.dir, rig.address, rig.users.alice, 5000, [hog(100)]);
  try {
    await load.granted(load.tid, 10);
    await load.work();
    await load.until(load.tid, 'other', { timeoutMsec: 4500 });
  } catch (fault) {
    if (String(fault).includes(polkitSilent)) throw new PolkitStoodStill();
    throw fault;
  } finally {
    await load.stop();
  }
}

async function crowdAsks(scene: Scene): Promise<void> {
  const caller = await scene.visitor();
  const { errors } = await caller.crowd(50, 2, ownFace, 'MakeThreadRealtime', 'tu', 0, 5);
  await caller.stop();
  if (errors[`${ownFace.name}.Error.AuthorityUnavailable`]) throw new PolkitStoodStill();
  if (Object.keys(errors).length > 0) throw new Error(`a crowd was told ${JSON.stringify(errors)}`);
}

async function hugeMessage(scene: Scene): Promise<void> {
  const caller = await scene.visitor();
  const reply = await caller.call(ownFace, 'MakeThreadRealtime', 'ay', `*${2 ** 24}`);
  await caller.stop();
  if (reply.ok || !reply.error.endsWith('.LimitsExceeded')) throw new Error(`16 MB: ${JSON.stringify(reply)}`);
}

async function nonsense(scene: Scene): Promise<void> {
  const caller = await scene.visitor('bob');
  const calls = new Nonsensical(scene.chance.below(2 ** 31), [caller.pid]);
  for (let count = 0; count < 100; count++) {
    const { face, member, signature, args } = calls.next();
    await caller.call(face, member, signature, ...args);
  }
  await caller.stop();
}

async function each(tids: readonly number[], act: (tid: number) => Promise<unknown>): Promise<void> {
  for (const tid of tids) await act(tid);
}

const ordinary = ({ pid }: Caller): Promise<void> =>
  until(() => looks(tidsOf(pid)).every(({ policy, nice }) => policy === 'other' && nice === 0), 'all is ordinary');

/** @throws when it does not come true */
export async function until(isSo: () => boolean | Promise<boolean>, what: string, timeoutMsec = 3000): Promise<void> {
  const deadline = performance.now() + timeoutMsec;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMsec} ms: ${what}`);
    await sleep(10);
  }
}
