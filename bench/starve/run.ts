import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { rtkitFace } from '../../test/rig/caller.ts';
import { looks } from '../../test/rig/kernel.ts';
import type { Load } from '../../test/rig/load.ts';
import type { Rig } from '../../test/rig/rig.ts';
import type { StarveCase } from './cases.ts';
import { admit, programsOf, type Shift, shiftMsec } from './shift.ts';

export interface Run {
  /** From the hogs' start to the end of the last of them as a realtime thread; undefined: it did not come. */
  readonly demotedMsec: number | undefined;
  /** Threads that lost what they had been granted and did nothing wrong. */
  readonly innocentsDemoted: number;
  /** How late an ordinary thread was at worst. */
  readonly lateMsec: number;
  /** How often a demoted hog was granted realtime again, of so many times it asked. */
  readonly grantedAgain: number;
  readonly askedAgain: number;
  /** How much of the CPU these programs had until then, 0 to 1. */
  readonly share: number;
}

/** So long after a demotion somebody else may still fall. */
const settleMsec = 300;
const askAgainMsec = 3000;

/** @param shifts how often shiftMsec are waited for a demotion */
export async function run(rig: Rig, starveCase: StarveCase, shifts: number): Promise<Run> {
  const users = [['alice', 'carol'] as const, ['carol', 'alice'] as const] as const;
  const all: Shift[] = [];
  for (let i = 0; i < shifts; i++) all.push(await admit(rig, starveCase, users[i % 2] ?? users[0]));

  let demotedMsec: number | undefined;
  let again = { grantedAgain: 0, askedAgain: 0 };
  let worked = 0;
  let share = 1;
  for (const shift of all) {
    const begin = worked++ * shiftMsec;
    for (const program of programsOf(shift)) await program.work();
    const start = performance.now();
    const msec = starveCase.untilFirst ? await firstReniced(shift) : await allDemoted(shift);
    share = Math.min(share, ranMsec(shift) / (performance.now() - start));
    if (msec === undefined) continue;
    demotedMsec = begin + msec;
    const [hog] = shift.hogs;
    if (starveCase.askAgain && hog !== undefined) again = await askAgain(hog);
    break;
  }

  await pause(settleMsec);
  const seen = all.slice(0, worked);
  const innocentsDemoted = seen.reduce((sum, shift) => sum + fallen(shift), 0);
  const lateMsec = Math.max(...(await Promise.all(seen.map(lateness))));
  await Promise.all(all.flatMap(programsOf).map((program) => program.stop()));
  return { demotedMsec, innocentsDemoted, lateMsec, ...again, share };
}

/** CPU time of all its threads, proc(5). None when one has ended: that one must have been killed, or was late itself. */
function ranMsec(shift: Shift): number {
  const threads = programsOf(shift).flatMap(({ pid, tids }) => tids.map((tid) => `/proc/${pid}/task/${tid}/schedstat`));
  try {
    return threads.reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6, 0);
  } catch {
    return 0;
  }
}

/** The first thread of each program is its hog. */
async function allDemoted({ hogs }: Shift): Promise<number | undefined> {
  const deadline = performance.now() + shiftMsec;
  const moments: number[] = [];
  for (const hog of hogs) {
    const timeoutMsec = Math.max(1, deadline - performance.now());
    const change = await hog.until(hog.tid, 'other', { timeoutMsec }).catch(() => undefined);
    if (change === undefined) return undefined;
    moments.push(change.afterUsec / 1000);
  }
  return Math.max(...moments);
}

/** A thread cannot be told its nice level as cheaply: so the kernel is asked for all of them. */
async function firstReniced({ hogs }: Shift): Promise<number | undefined> {
  const tids = hogs.flatMap((hog) => hog.tids);
  const begin = performance.now();
  while (performance.now() < begin + shiftMsec) {
    if (looks(tids).some(({ nice }) => nice === 0)) return performance.now() - begin;
    await pause(10);
  }
  return undefined;
}

async function askAgain(hog: Load): Promise<Pick<Run, 'grantedAgain' | 'askedAgain'>> {
  const answers: string[] = [];
  for (const end = performance.now() + askAgainMsec; performance.now() < end; await pause(100))
    answers.push((await hog.ask(rtkitFace, hog.tid, 10)).answer);
  return { askedAgain: answers.length, grantedAgain: answers.filter((answer) => answer === 'ok').length };
}

/** On its own word, since a shift before the last one has ended; they were realtime when they began. */
const fallen = ({ innocents }: Shift): number =>
  innocents.reduce((sum, { changes }) => sum + changes.filter(({ policy }) => policy === 'other').length, 0);

/** Ends it. */
async function lateness({ ordinary }: Shift): Promise<number> {
  const [bystander] = await ordinary.finish();
  return (bystander?.worstWakeUsec ?? 0) / 1000;
}
