import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromRoot } from '../rig/paths.ts';
import { inGuest } from './guest.ts';

test('where nobody may raise anybody the unit does not start, and nothing fails for it', async () => {
  const said = await inGuest(
    `sh packaging/install.sh install >&2
    systemctl show --property=ConditionResult --property=ActiveState --property=Result realtime-broker.service
    systemctl --failed --quiet list-units 'r*'`,
    { dropped: ['CAP_SYS_NICE'] },
  );
  expect(said.filter((line) => line.includes('='))).toEqual(
    expect.arrayContaining(['ConditionResult=no', 'ActiveState=inactive', 'Result=success']),
  );
  expect(said).toContain('realtime-broker is installed and does not run here: systemctl status realtime-broker');
  expect(said.filter((line) => line.includes('●'))).toEqual([]);
});

test('nor does it in a user namespace, where the capability to do so means nothing', async () => {
  const condition = /^ConditionVirtualization=.*/m.exec(
    readFileSync(fromRoot('systemd/realtime-broker.service'), 'utf8'),
  )?.[0];
  const said = await inGuest(
    `systemd-analyze condition '${condition}' >&2 && echo here
    unshare --user --map-root-user systemd-analyze condition '${condition}' >&2 || echo not there`,
  );
  expect(said.filter((line) => line.endsWith('here'))).toEqual(['here', 'not there']);
});
