import { type Caller, rtkitFace } from '../../test/rig/caller.ts';
import { bystander, type Load, spinner } from '../../test/rig/load.ts';
import type { Rig } from '../../test/rig/rig.ts';
import type { UserName } from '../../test/rig/users.ts';
import type { Role, StarveCase } from './cases.ts';

/** No program burns longer than ten seconds: whoever has to be watched longer is watched in shifts, of this length. */
export const shiftMsec = 9500;
const limitMsec = 10_000;

/** All programs of a case, granted what they want, and asleep. */
export interface Shift {
  readonly hogs: readonly Load[];
  readonly innocents: readonly Load[];
  /** Ordinary: one that hardly works, and for nice threads one that would. */
  readonly ordinary: Load;
  /** Whose grants must not be touched. */
  readonly innocentTids: readonly number[];
}

/** @param users rtkit lets a user have 25 threads, so that each shift has its own */
export async function admit(
  rig: Rig,
  starveCase: StarveCase,
  [bad, good]: readonly [UserName, UserName],
): Promise<Shift> {
  const asker = await rig.spawnCaller(bad);
  const hogs: Load[] = [];
  for (const roles of starveCase.hogs) hogs.push(await program(rig, roles, bad, asker));
  const innocents: Load[] = [];
  for (const roles of starveCase.innocents) innocents.push(await program(rig, roles, good, asker));
  await asker.stop();
  const waiting = starveCase.untilFirst ? [bystander, spinner()] : [bystander];
  const ordinary = await rig.spawnLoad(limitMsec, waiting, good);
  return { hogs, innocents, ordinary, innocentTids: innocents.flatMap(({ tids }) => tids) };
}

async function program(rig: Rig, roles: readonly Role[], user: UserName, asker: Caller): Promise<Load> {
  const load = await rig.spawnLoad(
    limitMsec,
    roles.map(({ part }) => part),
    user,
  );
  for (const [index, { priority, nice }] of roles.entries()) {
    const tid = load.tids[index] ?? 0;
    if (priority !== undefined) await load.granted(tid, priority, rtkitFace);
    if (nice === undefined) continue;
    const reply = await asker.call(rtkitFace, 'MakeThreadHighPriorityWithPID', 'tti', load.pid, tid, nice);
    if (!reply.ok) throw new Error(`${reply.error}: ${reply.text}`);
  }
  return load;
}

export const programsOf = ({ hogs, innocents, ordinary }: Shift): readonly Load[] => [...innocents, ordinary, ...hogs];
