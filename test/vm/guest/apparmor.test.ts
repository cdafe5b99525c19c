import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { as, grants, mainPid, makeRealtime, realtime, said, scheduling, sleeper } from '../../system/guest/machine.ts';
import { configure, trustAlice } from './broker.ts';

const confined = '/usr/local/bin/confined';
const profileOf = (pid: number): string => readFileSync(`/proc/${pid}/attr/apparmor/current`, 'utf8').trim();

beforeAll(async () => {
  await trustAlice();
  await configure('');
  await said(`install -m 755 /usr/bin/sleep ${confined}`);
  writeFileSync(
    '/etc/apparmor.d/confined',
    `include <tunables/global>\nprofile confined ${confined} {\n  include <abstractions/base>\n}\n`,
  );
  await said('apparmor_parser --replace --skip-cache /etc/apparmor.d/confined');
}, 120_000);

test('AppArmor does not confine the broker', async () => {
  expect(readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8')).toBe('Y\n');
  expect(profileOf(await mainPid())).toBe('unconfined');
});

test('whom it confines is promoted all the same, and known', async () => {
  const pid = await sleeper('alice', confined);
  expect(profileOf(pid)).toBe('confined (enforce)');
  await said(as('alice', makeRealtime(pid, 11)));
  expect(await scheduling(pid)).toBe(realtime(11));
  expect((await grants()).find(({ tid }) => tid === pid)).toMatchObject({ program: confined });
});
