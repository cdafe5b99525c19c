import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copied } from '../rig/client.ts';
import { look } from '../rig/kernel.ts';
import type { Session } from '../rig/session.ts';
import { Stage } from '../rig/stage.ts';

let stage: Stage;
/** Without one SDL asks nobody. */
let session: Session;
beforeAll(async () => {
  stage = await Stage.start();
  session = await stage.rig.startSession();
});
afterEach(() => stage.clear());
afterAll(() => stage.stop());

/** A program that plays through SDL. @returns the thread it plays in */
async function play(...hints: string[]): Promise<number> {
  const command = ['env', 'SDL_AUDIODRIVER=dummy', ...hints, copied(stage.rig, 'sdl')];
  const program = await stage.program(session.home, ...command);
  const line = await program.line(/^plays in \d+$/);
  return Number(line.split(' ').at(-1));
}

const lowestNice = { policy: 'other', priority: 0, resetOnFork: true, nice: -15 };
const highestRealtime = { policy: 'rr', priority: 20, resetOnFork: true, nice: 0, rttimeHard: 200_000 };
const realtimePlease = ['SDL_THREAD_PRIORITY_POLICY=rr', 'SDL_THREAD_FORCE_REALTIME_TIME_CRITICAL=1'];

test('C8 C21 the thread that a real SDL plays in has the lowest nice level there is', async () => {
  expect(look(await play())).toMatchObject(lowestNice);
});

test('C8 C20 and is realtime, at the highest priority there is, for a program that wants that', async () => {
  expect(look(await play(...realtimePlease))).toMatchObject({ ...highestRealtime, rttimeSoft: 100_000 });
});

describe('with a portal', () => {
  beforeAll(() => session.startPortal());

  test('C16 it asks that one, with the same result', async () => {
    expect(look(await play())).toMatchObject(lowestNice);
    expect(look(await play(...realtimePlease))).toMatchObject({ ...highestRealtime, rttimeSoft: 100_000 });
    // The portal has looked whether this user forbade it, and then asked in its own name.
    expect(session.portal?.lines).toContainEqual(expect.stringContaining("No 'realtime' permissions found"));
  });
});
