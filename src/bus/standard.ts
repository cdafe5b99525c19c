import { readFileSync } from 'node:fs';
import { type Member, member } from './member.ts';
import { Misuse } from './misuse.ts';

export const introspectableInterface = 'org.freedesktop.DBus.Introspectable';
export const peerInterface = 'org.freedesktop.DBus.Peer';

export const introspectable = (xml: string): readonly Member[] => [member('Introspect', ['', 's'], () => [xml])];

/** Every path has it, even one where nothing is: it is about the connection. */
export const peer: readonly Member[] = [
  member('Ping', ['', ''], () => []),
  member('GetMachineId', ['', 's'], () => [machineId()]),
];

/** machine-id(5); the older place is dbus-uuidgen(1)'s. */
function machineId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const id = readFileSync(path, 'latin1').trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // The next one, then.
    }
  }
  throw new Misuse('FileNotFound', 'this machine has no machine-id');
}
