import type { Connection } from './connection.ts';

const daemon = 'org.freedesktop.DBus';
const nameLost = { path: '/org/freedesktop/DBus', interface: daemon, member: 'NameLost', signature: 's' } as const;

/** Tells when a name that was ours is not any more, on the bus daemon's word. */
export function heedNameLost(connection: Pick<Connection, 'listen'>, onLost: (name: string) => void): void {
  // It is sent to the loser, who needs no match rule.
  connection.listen({ ...nameLost, from: () => daemon }, ([name]) => onLost(name));
}
