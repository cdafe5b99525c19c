import type { Watchdog } from '../ports.ts';
import type { Connection } from './connection.ts';
import { matchRule } from './listeners.ts';
import { Owners } from './owners.ts';

const login1 = 'org.freedesktop.login1';
const prepareForSleep = { path: '/org/freedesktop/login1', interface: `${login1}.Manager`, member: 'PrepareForSleep' };

/**
 * Has the watchdog begin anew when the machine goes to sleep and when it is back, on logind's word alone: whoever could
 * say so in its place could keep the watchdog from ever seeing enough. Without logind nothing happens; it may come later.
 * @throws BusError
 */
export async function heedSleep(connection: Connection, watchdog: Pick<Watchdog, 'restart'>): Promise<void> {
  let logind: string | undefined;
  const wanted = { ...prepareForSleep, signature: 'b', from: () => logind } as const;
  connection.listen(wanted, () => watchdog.restart());

  const owned = new Owners(connection).watch(login1, (owner) => {
    logind = owner;
  });
  await Promise.all([owned, connection.askDaemon('AddMatch', 's', [matchRule(prepareForSleep, login1)], '')]);
}
