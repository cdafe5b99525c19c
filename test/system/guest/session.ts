import { beforeAll, describe, expect, test } from 'vitest';
import { fromRoot } from '../../rig/paths.ts';
import { dataThreadOf } from '../../rig/pipewire.ts';
import {
  as,
  eventually,
  grants,
  isGranted,
  makeRealtime,
  ordinary,
  pidOfSeated,
  realtime,
  rtkitFace,
  run,
  said,
  scheduling,
  seatAlice,
  seated,
  sleeper,
} from './machine.ts';

describe('a session at the machine', () => {
  beforeAll(seatAlice, 60_000);

  for (const unit of ['pipewire', 'wireplumber', 'pipewire-pulse'])
    test(`${unit} is realtime by the broker's leave`, async () => {
      await said(seated(`systemctl --user start ${unit}.service`));
      const pid = await pidOfSeated(unit);
      await eventually(async () => {
        const tid = dataThreadOf(pid) ?? 0;
        expect(await scheduling(tid)).toBe(realtime(20));
        expect(await isGranted(tid)).toBe(true);
      });
    });

  test('what a user journals of a thread is found by its tid', async () => {
    const tid = (await grants()).find(({ priority }) => priority === 20)?.tid;
    const lines = await said(`journalctl --quiet --unit=realtime-broker RTBROKER_TID=${tid} --output=json`);
    const [entry] = lines.split('\n').map((line) => JSON.parse(line));
    expect(entry).toMatchObject({
      RTBROKER_KIND: 'realtime',
      RTBROKER_PRIORITY: '20',
      RTBROKER_UID: '4211',
      PRIORITY: '6',
    });
    expect(entry.MESSAGE).toContain(`Thread ${tid} of process`);
  });
});

describe('polkit', () => {
  const rules = '/etc/polkit-1/rules.d/50-test.rules';
  const may = async (pid: number): Promise<boolean> => (await run(as('bob', makeRealtime(pid, 5)))).code === 0;

  test('who has no session is refused, and told why', async () => {
    const pid = await sleeper('bob');
    const { code, stderr } = await run(as('bob', makeRealtime(pid, 5)));
    expect(code).not.toBe(0);
    expect(stderr).toContain('polkit does not allow org.example.RealtimeBroker.acquire-real-time');
    const { stderr: asRtkit } = await run(as('bob', makeRealtime(pid, 5, rtkitFace)));
    expect(asRtkit).toContain('Access denied');
    expect(await scheduling(pid)).toBe(ordinary);
  });

  test('the example lets the group realtime have it, at once', async () => {
    // Not with install(1), which lets others read it last of all: polkitd may have tried by then, and tries once.
    await said(`cp ${fromRoot('polkit/50-realtime-broker-example.rules')} ${rules}`);
    await said('groupadd --force realtime && usermod --append --groups realtime bob');
    const pid = await sleeper('bob');
    await eventually(async () => expect(await may(pid)).toBe(true));
    expect(await scheduling(pid)).toBe(realtime(5));

    await said('gpasswd --delete bob realtime');
    const other = await sleeper('bob');
    await eventually(async () => expect(await may(other)).toBe(false));
  });

  test('a rule for a user counts from when it is there until it is gone', async () => {
    const rule = (user: string) =>
      said(`cat >${rules} <<'RULE'
polkit.addRule(function (action, subject) {
  if (/RealtimeBroker.acquire/.test(action.id) && subject.user === '${user}') return polkit.Result.YES;
});
RULE`);
    await rule('alice');
    const pid = await sleeper('bob');
    await eventually(async () => expect(await may(pid)).toBe(false));
    await rule('bob');
    await eventually(async () => expect(await may(pid)).toBe(true));
    await said(`rm ${rules}`);
    const other = await sleeper('bob');
    await eventually(async () => expect(await may(other)).toBe(false));
  });
});
