import { beforeAll, describe, expect, test } from 'vitest';
import {
  as,
  eventually,
  makeRealtime,
  ordinary,
  realtime,
  rtkitFace,
  run,
  said,
  scheduling,
  shown,
  sleeper,
} from '../../system/guest/machine.ts';
import { configure, degraded, trustAlice } from './broker.ts';

const clamp = '[rttime]\npolicy = "clamp"\n';

/** Soft and hard RLIMIT_RTTIME, as prlimit(1) writes them. */
const rttimeOf = (pid: number): Promise<string> =>
  said(`prlimit --pid ${pid} --rttime --output SOFT,HARD --noheadings --raw`);

beforeAll(trustAlice, 60_000);

describe('rttime.policy = "clamp", with the drop-in clamp.conf', () => {
  beforeAll(() => configure(clamp, 'systemd/clamp.conf'), 60_000);

  test('the broker lacks nothing', async () => {
    expect(await degraded()).toEqual([]);
  });

  for (const [title, limit, before] of [
    ['who has no RLIMIT_RTTIME', 'infinity', 'unlimited unlimited'],
    ['who limits only the soft one', '100ms:infinity', '100000 unlimited'],
  ] as const)
    test(`${title} is given the highest there is, soft and hard, and the grant`, async () => {
      const pid = await sleeper('alice', 'sleep', limit);
      expect(await rttimeOf(pid)).toBe(before);
      await said(as('alice', makeRealtime(pid, 11)));
      expect(await scheduling(pid)).toBe(realtime(11));
      expect(await rttimeOf(pid)).toBe('200000 200000');
    });

  test("rtkit's callers are given it too", async () => {
    const pid = await sleeper('alice', 'sleep', 'infinity');
    await said(as('alice', makeRealtime(pid, 11, rtkitFace)));
    expect(await rttimeOf(pid)).toBe('200000 200000');
  });

  test('who has one keeps it', async () => {
    const pid = await sleeper('alice', 'sleep', '150ms');
    await said(as('alice', makeRealtime(pid, 11)));
    expect(await rttimeOf(pid)).toBe('150000 150000');
  });

  test('who is refused keeps what it had', async () => {
    const pid = await sleeper('alice', 'sleep', 'infinity');
    expect((await run(as('alice', makeRealtime(pid, 99)))).code).not.toBe(0);
    expect(await rttimeOf(pid)).toBe('unlimited unlimited');
  });

  test('who then spins is ended by the kernel', async () => {
    await said("systemd-run --quiet --unit=spinner --uid=alice sh -c 'while :; do :; done'");
    const pid = Number(await shown('MainPID', 'spinner'));
    await said(as('alice', makeRealtime(pid, 11)));
    await eventually(async () => expect(await shown('ExecMainStatus', 'spinner')).toBe('9'));
  });
});

describe('rttime.policy = "clamp", without it', () => {
  beforeAll(() => configure(clamp), 60_000);

  test('the broker says what is lacking, in Degraded and in the journal', async () => {
    expect(await degraded()).toEqual(['no-clamp']);
    expect(await said('journalctl --quiet --unit=realtime-broker --output=cat --lines=20')).toContain('clamp.conf');
  });

  test('who has no RLIMIT_RTTIME is refused with RTTimeUnset, and is left as it was', async () => {
    const pid = await sleeper('alice', 'sleep', 'infinity');
    expect((await run(as('alice', makeRealtime(pid, 11)))).stderr).toContain('RLIMIT_RTTIME');
    expect(await scheduling(pid)).toBe(ordinary);
    expect(await rttimeOf(pid)).toBe('unlimited unlimited');
  });
});
