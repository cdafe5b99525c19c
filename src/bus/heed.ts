import type { Connection } from './connection.ts';
import { matchRule, type Signal } from './listeners.ts';
import { Owners } from './owners.ts';
import type { Values } from './wire.ts';

export interface Heeded<Signature extends string> extends Signal {
  /** The well-known name whose owner alone is believed. */
  readonly service: string;
  readonly signature: Signature;
  readonly heard: (values: Values<Signature>) => void;
  /** Told whenever somebody else owns the name, or nobody. */
  readonly onOwner?: () => void;
}

/**
 * Hears a signal of the service that owns a name, whoever does at the time, and of nobody else: anybody may send us any
 * signal. Without that service nothing happens; it may come later.
 * @throws BusError
 */
export async function heed<Signature extends string>(
  connection: Connection,
  { service, signature, heard, onOwner, path, interface: interfaceName, member }: Heeded<Signature>,
): Promise<void> {
  const signal = { path, interface: interfaceName, member };
  let owner: string | undefined;
  connection.listen({ ...signal, signature, from: () => owner }, heard);

  const owned = new Owners(connection).watch(service, (now) => {
    owner = now;
    onOwner?.();
  });
  await Promise.all([owned, connection.askDaemon('AddMatch', 's', [matchRule(signal, service)], '')]);
}
