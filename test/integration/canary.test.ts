import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { outweighOthers } from '../rig/autogroup.ts';
import { ownFace, rtkitFace } from '../rig/caller.ts';
import { Child } from '../rig/child.ts';
import { look } from '../rig/kernel.ts';
import { accomplice, bystander, hog, type Load, loadCpu, type Part, player, spinner } from '../rig/load.ts';
import { ask, highPriority, realtime } from '../rig/request.ts';
import { dataOf, Stage } from '../rig/stage.ts';

// Everything burns on one CPU, the last one if there are two, and ends by itself within ten seconds.

const ordinary = { policy: 'other', priority: 0, nice: 0, resetOnFork: false };
const pause = (msec: number) => new Promise((resolve) => setTimeout(resolve, msec));

/** From the design; and what a thread that is ordinary by now may wait until it notices. */
const withinMsec = 3000 + 150;

/** The thread's grant, as root sees it. */
const grantOf = async (stage: Stage, tid: number) => (await stage.grants()).find(({ Thread }) => Thread === tid);

/** Has the first thread starve its CPU until it is demoted, and sends it to rest. @returns after how many ms that was */
async function starve(stage: Stage, load: Load): Promise<number> {
  const [told, said] = [load.changes.length, stage.broker.lines.length];
  await load.work(load.tid);
  try {
    const { afterUsec } = await load.until(load.tid, 'other', { from: told });
    return afterUsec / 1000;
  } catch (fault) {
    // Often it was not alone on its CPU: whoever else's realtime thread was there, the broker names.
    throw new Error(stage.broker.lines.slice(said).join('\n'), { cause: fault });
  } finally {
    await load.rest(load.tid);
  }
}

describe('a hog', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start({}, { alone: true });
  }, 600_000);
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  const rows: readonly (readonly [title: string, parts: readonly Part[], reasons: RegExp])[] = [
    // In a gap of microseconds the canary may get in, or not; and since Linux 6.12 the kernel helps it now and then.
    ['that sleeps 1 µs every 150 ms', [hog(1)], /^(silence|sluggish)$/],
    ['that sleeps 1 ms every 150 ms, while another one fills the gap', [hog(1000), accomplice], /^silence$/],
    ['that sleeps 5 ms every 150 ms', [hog(5000)], /^(silence|sluggish)$/],
  ];
  for (const [title, parts, reasons] of rows)
    test(`${title} is demoted within three seconds, and nobody else`, async () => {
      const bad = await stage.load(parts);
      const good = await stage.load([player(2000, 10_000), player(1, 10_000), bystander], 'carol');
      const [above, below, plain] = good.tids as [number, number, number];
      for (const tid of bad.tids) await bad.granted(tid, tid === bad.tid ? 10 : 9);
      await good.granted(above, 15);
      await good.granted(below, 5);
      await good.work();
      for (const tid of [above, below]) await good.until(tid, 'rr');
      await bad.work();
      const afterMsec = await starve(stage, bad);

      const demoted = { State: 'demoted', Policy: 'rr', Priority: 10, ActualPolicy: 'other', ActualPriority: 0 };
      expect(await grantOf(stage, bad.tid)).toMatchObject({ ...demoted, Reason: expect.stringMatching(reasons) });
      expect(look(bad.tid)).toMatchObject(ordinary);
      expect((await stage.grants()).filter(({ State }) => State === 'active')).toHaveLength(bad.tids.length + 1);
      expect([look(above)?.priority, look(below)?.priority]).toEqual([15, 5]);

      const outcomes = await good.finish();
      expect(good.changes.map(({ policy }) => policy)).toEqual(['rr', 'rr']);
      expect(afterMsec).toBeLessThan(withinMsec);
      const lateMsec = (outcomes.find(({ tid }) => tid === plain)?.worstWakeUsec ?? 0) / 1000;
      console.log(`a hog ${title}: demoted after ${afterMsec} ms; an ordinary thread was ${lateMsec} ms late`);
    });

  test('is spoken of in one line of the journal, with all there is to know', async () => {
    const bad = await stage.load([hog(1000), accomplice]);
    for (const tid of bad.tids) await bad.granted(tid, tid === bad.tid ? 10 : 9);
    await bad.work();
    await starve(stage, bad);
    await expect.poll(() => stage.journalOf(bad.tid)).toHaveLength(2);
    const [granted, demoted] = stage.journalOf(bad.tid);
    expect(granted).toMatch(/^info: Thread \d+ .* now runs at realtime priority 10\./);
    const [, lateMsec] =
      /^warning: Thread \d+ \(load\) of process \d+ starved CPU \d \(silence: (\d+) ms late, .* for 30 s\. \(RTB/.exec(
        demoted ?? '',
      ) ?? [];
    // However long the kernel helped it before: when its patience was at an end, the watchdog was there.
    expect(Number(lateMsec)).toBeGreaterThanOrEqual(300);
    expect(Number(lateMsec)).toBeLessThan(350);
    const who = `RTBROKER_PID=${bad.pid} RTBROKER_TID=${bad.tid} RTBROKER_COMM=load RTBROKER_PROGRAM=/.*/load`;
    const what = 'RTBROKER_REASON=silence RTBROKER_KIND=realtime RTBROKER_PRIORITY=10';
    const where = `RTBROKER_CPU=${loadCpu} RTBROKER_LATE_USEC=3\\d{5} RTBROKER_RAN_USEC=\\d{5,6}`;
    expect(demoted).toMatch(new RegExp(`${who} ${what} ${where}\\)$`));
  });

  for (const [place, priority] of [
    ['below', 5],
    ['at', 10],
    ['above', 15],
  ] as const)
    test(`${place} the priority of an audio thread that takes 70 % is the one that is demoted`, async () => {
      const bad = await stage.load([hog()]);
      const good = await stage.load([player(3500, 5000)], 'carol');
      await bad.granted(bad.tid, priority);
      await good.granted(good.tid, 10);
      await good.work();
      await good.until(good.tid, 'rr');
      expect(await starve(stage, bad)).toBeLessThan(withinMsec);
      expect(await grantOf(stage, good.tid)).toMatchObject({ State: 'active' });
      await good.finish();
      expect(good.changes.map(({ policy }) => policy)).toEqual(['rr']);
    });

  test('and another, of another process: one after the other', async () => {
    const loads = [
      await stage.load([hog()]),
      await stage.load([hog(2)], 'carol'),
      await stage.load([player(1, 10_000)]),
    ];
    const [first, second, good] = loads as [Load, Load, Load];
    for (const load of loads) await load.granted(load.tid, 10);
    for (const load of loads) await load.work();
    for (const load of [first, second])
      expect((await load.until(load.tid, 'other')).afterUsec).toBeLessThan(2 * withinMsec * 1000);
    expect(await grantOf(stage, good.tid)).toMatchObject({ State: 'active' });
  });

  test('has its process refused while it cools down, and no other', async () => {
    const bad = await stage.load([hog(), player(1, 10_000)]);
    const other = await stage.load([player(1, 10_000)]);
    await bad.granted(bad.tid, 10);
    await starve(stage, bad);

    for (const tid of bad.tids) {
      const own = await bad.ask(ownFace, tid, 5);
      expect(own.answer).toBe(`${ownFace.name}.Error.CoolingDown`);
      expect(own.text).toMatch(
        new RegExp(`^A thread of process ${bad.pid} kept .* It gets back what it had in (2\\d|30)\\.\\d s;`),
      );
      const theirs = await bad.ask(rtkitFace, tid, 5);
      expect(theirs.answer).toBe('org.freedesktop.DBus.Error.AccessDenied');
      expect(theirs.text).toMatch(/^Operation not permitted: A thread of process \d+ kept /);
    }
    await other.granted(other.tid, 5);
    await other.granted(other.tid, 6, rtkitFace);
    // Nor does it help to have somebody else ask.
    const friend = await stage.caller();
    expect(await ask(ownFace, highPriority(friend, bad.tid, -5, bad.pid))).toMatchObject({ ok: false });
    expect(await ask(ownFace, realtime(friend, 0, 5))).toMatchObject({ ok: true });
  });
});

describe('when the cool-down is over', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.start({ 'canary.cooldown_sec': 1 }, { alone: true });
  }, 600_000);
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  const demoted = async (load: Load, priority = 10): Promise<void> => {
    await load.granted(load.tid, priority);
    await starve(stage, load);
    await expect.poll(() => grantOf(stage, load.tid), { interval: 2 }).toMatchObject({ State: 'demoted' });
  };

  /** Starves, waits, and has it back. @returns what the journal says was to be waited, and how long it was, in ms */
  const repent = async (load: Load): Promise<readonly [string | undefined, number]> => {
    const from = stage.broker.lines.length;
    const said = async (pattern: RegExp) => [await stage.broker.line(pattern, { from }), performance.now()] as const;
    const falls = said(new RegExp(`^warning: Thread ${load.tid} `));
    const returns = said(new RegExp(`^info: Thread ${load.tid} .* back`));
    await starve(stage, load);
    const [[line, begin], [, end]] = await Promise.all([falls, returns]);
    return [/for \d+ s\./.exec(line)?.[0], end - begin];
  };

  test('C33 the thread has its grant back, exactly as it was', async () => {
    const bad = await stage.load([hog()]);
    await bad.granted(bad.tid, 12);
    const [before, granted] = [look(bad.tid), await grantOf(stage, bad.tid)];
    const [told, afterMsec] = await repent(bad);

    expect(told).toBe('for 1 s.');
    expect(afterMsec).toBeGreaterThan(900);
    expect(look(bad.tid)).toEqual(before);
    expect(await grantOf(stage, bad.tid)).toEqual(granted);
    expect(await stage.property('ThreadCount')).toBe(1);
    expect(stage.journalOf(bad.tid).slice(1)).toEqual([
      expect.stringContaining('was demoted from realtime priority 12 for 1 s.'),
      expect.stringMatching(/^info: Thread \d+ of process \d+ has realtime priority 12 back\. \(.*REASON=cooled-down/),
    ]);
  });

  test('a second offence costs twice the time, and another process of the user nothing', async () => {
    const bad = await stage.load([hog()]);
    await bad.granted(bad.tid, 10);
    expect((await repent(bad))[0]).toBe('for 1 s.');
    const [told, afterMsec] = await repent(bad);
    expect(told).toBe('for 2 s.');
    expect(afterMsec).toBeGreaterThan(1900);

    const other = await stage.load([hog()]);
    await other.granted(other.tid, 10);
    expect((await repent(other))[0]).toBe('for 1 s.');
  });

  const rows: readonly (readonly [title: string, reason: string, act: (load: Load) => Promise<unknown>])[] = [
    ['whose process gave it another policy', 'changed-by-others', (load) => load.policy(load.tid, 'batch')],
    ['that has ended', 'ended', (load) => load.end(load.tid)],
    ['whose process has another user now', 'uid-changed', (load) => load.setresuid(stage.rig.users.bob.uid)],
    [
      'that was given back meanwhile',
      'given-back',
      async (load) => dataOf(await ask(ownFace, highPriority(await stage.caller('root'), load.tid, 0, load.pid))),
    ],
  ];
  for (const [title, reason, act] of rows)
    test(`a thread ${title} has lost it`, async () => {
      const bad = await stage.load([hog(), player(1, 10_000)], 'root');
      await demoted(bad);
      await act(bad);
      await expect.poll(() => stage.property('ThreadCount'), { interval: 10, timeout: 3000 }).toBe(0);
      await pause(1200);
      expect(look(bad.tid)?.policy).not.toBe('rr');
      expect(await stage.property('ThreadCount')).toBe(0);
      const told = stage.journalOf(bad.tid).slice(2);
      expect(told.every((line) => line.includes(`RTBROKER_REASON=${reason}`)) && told.length <= 1).toBe(true);
    });
});

describe('while the machine starves', () => {
  let stage: Stage;
  beforeAll(async () => {
    // Nice acts within a group of processes, and other groups have their share: the greedy need not have it all.
    stage = await Stage.start({ 'canary.nice_window_msec': 1000, 'canary.blame_share': 0.3 }, { alone: true });
  }, 600_000);
  afterEach(() => stage.clear());
  afterAll(() => stage.stop());

  test('the property Starved says so, and that it is over', async () => {
    const { address } = stage.rig;
    const monitor = await Child.start('gdbus', ['gdbus', 'monitor', '--system', '-d', ownFace.name], {
      env: { DBUS_SYSTEM_BUS_ADDRESS: address },
    });
    await monitor.line(/is owned by/);
    const bad = await stage.load([hog()]);
    await bad.granted(bad.tid, 10);
    // Properties are told at most twice a second: what comes and goes in between is not.
    await monitor.line(/ThreadCount/);
    await pause(600);
    await starve(stage, bad);
    await monitor.line(/PropertiesChanged .*'Starved': <true>/);
    await monitor.line(/PropertiesChanged .*'Starved': <false>/);
    expect(await stage.property('Starved')).toBe(false);
    await monitor.stop();
  });

  test('high-priority threads that take a CPU while others wait are demoted too, the greediest first', async () => {
    using _ = outweighOthers();
    const greedy = await stage.load([spinner(), spinner(), spinner(), spinner()]);
    const waiting = await stage.load([spinner()], 'carol');
    const caller = await stage.caller();
    for (const tid of greedy.tids) dataOf(await ask(ownFace, highPriority(caller, tid, -15, greedy.pid)));
    await waiting.work();
    await greedy.work();
    const states = async () => (await stage.grants()).map(({ State, Reason }) => `${State} ${Reason}`);
    await expect.poll(states, { interval: 20, timeout: 4000 }).toContain('demoted nice');
    for (const grant of (await stage.grants()).filter(({ State }) => State === 'demoted'))
      expect(look(Number(grant.Thread))).toMatchObject(ordinary);
  });
});
