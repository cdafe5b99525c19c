import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, ownFace, type Reply, rtkitFace } from '../rig/caller.ts';
import { hostTid, look } from '../rig/kernel.ts';
import { expectRefused } from '../rig/refusals.ts';
import { ask, highPriority, type Request, realtime } from '../rig/request.ts';
import { Stage } from '../rig/stage.ts';

for (const face of [ownFace, rtkitFace])
  describe(`${face.name}, for a caller in a PID namespace of its own`, () => {
    let stage: Stage;
    let inner: Caller;
    beforeAll(async () => {
      stage = await Stage.start();
      inner = await stage.caller();
      await inner.enterPidNamespace();
    });
    afterAll(() => stage.stop());

    /** All processes are searched for an id once a second only, for one user: so it is asked again. */
    const askAgain = async (request: Request): Promise<Reply> => {
      const patient = { interval: 20, timeout: 3000 };
      let reply: Reply | undefined;
      const text = async () => {
        reply = await ask(face, request);
        return reply.ok ? '' : reply.text;
      };
      await expect.poll(text, patient).not.toContain('not yet again');
      return reply!;
    };

    test('its own ids are meant', async () => {
      const tid = await inner.thread();
      expect(await ask(face, realtime(inner, tid, 5))).toMatchObject({ ok: true });
      const outside = hostTid(inner.pid, tid);
      expect(outside).not.toBe(tid);
      expect(look(outside!)).toMatchObject({ policy: 'rr', priority: 5 });
      expect(await stage.grants()).toMatchObject([{ Process: inner.pid, Thread: outside }]);
    });

    test('its pid there is 1, and not init', async () => {
      const init = look(1);
      expect(await ask(face, highPriority(inner, 0, -5, 1))).toMatchObject({ ok: true });
      expect(await ask(face, highPriority(inner, 0, -6))).toMatchObject({ ok: true });
      expect(look(inner.pid)).toMatchObject({ policy: 'other', nice: -6 });
      expect(look(1)).toEqual(init);
    });

    test('another process there is meant by its id there', async () => {
      const child = await inner.fork();
      expect(child).toBeLessThan(20);
      const outside = childOf(inner.pid);
      expect(await askAgain(realtime(inner, child, 5, child))).toMatchObject({ ok: true });
      expect(look(outside)).toMatchObject({ policy: 'rr', priority: 5 });
    });

    test('ids of this machine mean nobody', async () => {
      const neighbour = await stage.caller();
      const tid = await neighbour.thread();
      const ours = hostTid(inner.pid, await inner.thread())!;
      const before = await stage.snapshot(inner);
      for (const request of [
        realtime(inner, tid, 5),
        realtime(inner, tid, 5, neighbour.pid),
        highPriority(inner, ours, -5),
      ])
        expectRefused(
          await askAgain(request),
          face,
          'NoSuchThread',
          'There is no (process|thread) \\d+ of .* PID namespace',
        );
      expect(await stage.snapshot(inner)).toEqual(before);
    });
  });

/** The youngest. */
const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1));
