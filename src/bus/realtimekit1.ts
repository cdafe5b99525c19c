import xml from '../../dbus/org.freedesktop.RealtimeKit1.xml';
import type { Advertised } from '../core/limits.ts';
import { acquireMethods } from './acquire.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { toRealtimeKit1Error } from './errors.ts';
import type { Face } from './face.ts';
import type { Property } from './member.ts';
import { rtkitProperties } from './properties.ts';

const name = 'org.freedesktop.RealtimeKit1';

/** rtkit-daemon's interface, for every client that knows no other; dbus/org.freedesktop.RealtimeKit1.xml describes it. */
export function realtimeKit1Face(broker: BrokerOnTheBus, advertised: Advertised): Face {
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
    methods: acquireMethods(broker, 'realtimekit1'),
    signals: [],
    properties,
    propertyMethods: rtkitProperties(name, properties),
    extraArguments: 'ignored',
    unknownInterface: 'UnknownMethod',
    toError: toRealtimeKit1Error,
  };
}
