import type { Watchdog } from '../ports.ts';
import type { Connection } from './connection.ts';
import { heed } from './heed.ts';

const login1 = 'org.freedesktop.login1';

/**
 * Has the watchdog begin anew when the machine goes to sleep and when it is back, on logind's word alone: whoever could
 * say so in its place could keep the watchdog from ever seeing enough.
 * @throws BusError
 */
export const heedSleep = (connection: Connection, watchdog: Pick<Watchdog, 'restart'>): Promise<void> =>
  heed(connection, {
    service: login1,
    path: '/org/freedesktop/login1',
    interface: `${login1}.Manager`,
    member: 'PrepareForSleep',
    signature: 'b',
    heard: () => watchdog.restart(),
  });
