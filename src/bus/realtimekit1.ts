import xml from '../../dbus/org.freedesktop.RealtimeKit1.xml';
import type { Advertised } from '../core/limits.ts';
import { Refused } from '../refused.ts';
import { acquireMethods } from './acquire.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { toRealtimeKit1Error } from './errors.ts';
import type { Face } from './face.ts';
import { type Member, member, type Property } from './member.ts';
import { rtkitProperties } from './properties.ts';

const name = 'org.freedesktop.RealtimeKit1';

/**
 * rtkit-daemon's interface, for every client that knows no other; dbus/org.freedesktop.RealtimeKit1.xml describes it.
 * @param exit ends the broker, soon
 */
export function realtimeKit1Face(broker: BrokerOnTheBus, advertised: Advertised, exit: () => void): Face {
  // Types and order are rtkit's: clients are strict about the former, and may print the latter.
  const properties: readonly Property[] = [
    { name: 'RTTimeUSecMax', signature: 'x', read: () => advertised.rttimeUsecMax },
    { name: 'MaxRealtimePriority', signature: 'i', read: () => advertised.realtimePriorityMax },
    { name: 'MinNiceLevel', signature: 'i', read: () => advertised.niceLevelMin },
  ];
  return {
    busName: name,
    path: '/org/freedesktop/RealtimeKit1',
    interface: name,
    xml,
    methods: [...acquireMethods(broker, 'realtimekit1'), ...adminMethods(broker, exit)],
    signals: [],
    properties,
    propertyMethods: rtkitProperties(name, properties),
    extraArguments: 'ignored',
    unknownInterface: 'UnknownMethod',
    toError: toRealtimeKit1Error,
  };
}

/** The bus's policy keeps others than root from calling these, unless somebody has changed it; so we ask as well. */
const adminMethods = (broker: BrokerOnTheBus, exit: () => void): readonly Member[] => [
  forRoot('ResetKnown', () => broker.resets.known()),
  forRoot('ResetAll', () => broker.resets.all()),
  forRoot('Exit', async () => exit()),
  forRoot('Suspend', () => broker.suspension.suspend()),
  forRoot('Resume', () => broker.suspension.resume()),
];

const forRoot = (name: string, deed: () => Promise<void>): Member =>
  member(name, ['', ''], async (_, asked) => {
    const { uid } = await asked.caller();
    if (uid !== 0) throw new Refused({ reason: 'root-only', member: name, caller: uid });
    await deed();
    return [];
  });
