import { expect, test } from 'vitest';
import { inGuest } from './guest.ts';

test('where nobody may raise anybody the unit does not start, and nothing fails for it', async () => {
  const said = await inGuest(
    `sh packaging/install.sh install >&2
    systemctl show --property=ConditionResult --property=ActiveState --property=Result realtime-broker.service
    busctl get-property org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1 MinNiceLevel || true
    systemctl --failed --quiet list-units 'r*'`,
    { dropped: ['CAP_SYS_NICE'] },
  );
  expect(said.filter((line) => line.includes('='))).toEqual(
    expect.arrayContaining(['ConditionResult=no', 'ActiveState=inactive', 'Result=success']),
  );
  expect(said).toContain('realtime-broker is installed and does not run here: systemctl status realtime-broker');
  expect(said.filter((line) => line.includes('●'))).toEqual([]);
});
