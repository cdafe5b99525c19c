import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Caller, ownFace } from '../rig/caller.ts';
import { ask, realtime } from '../rig/request.ts';
import { Stage } from '../rig/stage.ts';
import { groupFile } from '../rig/users.ts';

const request = async (caller: Caller) => ask(ownFace, realtime(caller, await caller.thread(), 5));
const granted = { ok: true };
const refused = (name: string) => ({ ok: false, error: `org.example.RealtimeBroker.Error.${name}` });

let stage: Stage;
afterEach(() => stage.stop());
const start = async (rememberMsec: number) => {
  stage = await Stage.start({ 'polkit.remember_msec': rememberMsec, 'polkit.timeout_msec': 500 });
};

describe("polkit's yes holds", () => {
  // Longer than any test takes: what is forgotten sooner is forgotten because of what happened.
  const start60s = () => start(60_000);

  test('for the process it was about, while polkit says nothing else', async () => {
    await start60s();
    const [alice, friend] = [await stage.caller(), await stage.caller()];
    expect(await request(alice)).toMatchObject(granted);
    await stage.rig.pausePolkit();
    expect(await request(alice)).toMatchObject(granted);
    expect(await request(friend)).toMatchObject(refused('AuthorityUnavailable'));
    stage.rig.resumePolkit();
  });

  test('until a rule changes, which is felt at once', async () => {
    await start60s();
    const [alice, carol] = [await stage.caller(), await stage.caller('carol')];
    for (const caller of [alice, carol]) expect(await request(caller)).toMatchObject(granted);
    const no = `polkit.addRule(function (action, subject) { if (subject.user === 'alice') return polkit.Result.NO; });`;
    await stage.rig.addRules(no, 'first');
    expect(await request(alice)).toMatchObject(refused('NotAuthorized'));
    expect(await request(carol)).toMatchObject(granted);
  });

  test('until polkit goes away', async () => {
    await start60s();
    const alice = await stage.caller();
    expect(await request(alice)).toMatchObject(granted);
    await stage.rig.stopPolkit();
    expect(await request(alice)).toMatchObject(refused('AuthorityUnavailable'));
  });

  test('for its time, after which a change of groups is felt, of which polkit tells nobody', async () => {
    await start(300);
    const alice = await stage.caller();
    expect(await request(alice)).toMatchObject(granted);
    writeFileSync(join(stage.rig.dir, 'group'), groupFile().replace(':alice,carol', ':carol'));
    await expect.poll(() => request(alice)).toMatchObject(refused('NotAuthorized'));
  });

  test('not at all, if it shall not', async () => {
    await start(0);
    const alice = await stage.caller();
    expect(await request(alice)).toMatchObject(granted);
    await stage.rig.pausePolkit();
    expect(await request(alice)).toMatchObject(refused('AuthorityUnavailable'));
    stage.rig.resumePolkit();
  });
});
