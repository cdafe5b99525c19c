import xml from '../../dbus/org.example.RealtimeBroker.xml';
import type { GrantView } from '../broker.ts';
import type { Health } from '../core/health.ts';
import type { Rulebook } from '../core/rulebook.ts';
import { Turns } from '../turns.ts';
import { acquireMethods } from './acquire.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { toOwnError } from './errors.ts';
import type { Face } from './face.ts';
import { marshalList } from './list.ts';
import { type Member, member, type Property } from './member.ts';
import { realtime } from './parse.ts';
import { strictProperties } from './properties.ts';
import { ownSignals } from './signals.ts';
import type { Subscribers } from './subscribers.ts';
import { describeGrant, describeLimits, describeRefusal, describeStatistics } from './views.ts';
import type { Dictionary } from './wire.ts';

const name = 'org.example.RealtimeBroker';

export interface Told {
  readonly broker: BrokerOnTheBus;
  readonly subscribers: Pick<Subscribers, 'add' | 'remove'>;
  readonly health: Pick<Health, 'degraded'>;
  readonly rulebook: Pick<Rulebook, 'limits'>;
  readonly version: string;
}

/** Our own interface; dbus/org.example.RealtimeBroker.xml describes it. */
export function ownFace(told: Told): Face {
  const properties = ownProperties(told);
  return {
    busName: name,
    path: '/org/example/RealtimeBroker',
    interface: name,
    xml,
    methods: [...acquireMethods(told.broker, 'own'), ...ownMethods(told, new Turns())],
    signals: ownSignals,
    properties,
    propertyMethods: strictProperties(name, properties),
    extraArguments: 'refused',
    unknownInterface: 'UnknownInterface',
    toError: toOwnError,
  };
}

const ownMethods = ({ broker, subscribers }: Told, turns: Turns): readonly Member[] => [
  member('Explain', ['ttu', 'bss'], async ([process, thread, priority], asked) => {
    const refusal = await broker.explain(await asked.caller(), { process, thread }, realtime(priority), asked.patience);
    return describeRefusal(refusal);
  }),
  member('ReleaseThread', ['tt', ''], async ([process, thread], asked) => {
    await broker.administration.release(await asked.caller(), { process, thread }, asked.patience);
    return [];
  }),
  member('DemoteThread', ['tt', ''], async ([process, thread], asked) => {
    await broker.administration.demote(await asked.caller(), { process, thread }, asked.patience);
    return [];
  }),
  member('DemoteAll', ['', ''], async (_, asked) => {
    await broker.administration.demoteAll(await asked.caller(), asked.patience);
    return [];
  }),
  member('Subscribe', ['', ''], async (_, asked) => {
    const caller = await asked.caller();
    await subscribers.add(caller, await broker.administration.reach(caller, asked.patience));
    return [];
  }),
  member('Unsubscribe', ['', ''], async (_, asked) => {
    subscribers.remove((await asked.caller()).name);
    return [];
  }),
  member('ListGrants', ['', 'aa{sv}'], async (_, asked) => {
    const caller = await asked.caller();
    const reach = await broker.administration.reach(caller, asked.patience);
    return marshalList(described(broker.grants(caller, reach)), () => turns.next(caller.uid));
  }),
  member('GetStatistics', ['', 'a{sv}'], () => [describeStatistics(broker.statistics, broker.lateness)]),
  member('GetLimits', ['', 'a{sv}'], async (_, asked) => [describeLimits(broker.limits(await asked.caller()))]),
  member('Reload', ['', ''], async (_, asked) => {
    await broker.administration.reload(await asked.caller(), asked.patience);
    return [];
  }),
];

/** One at a time: the broker looks at each grant's thread as it is asked for it. */
function* described(views: Iterable<GrantView>): Iterable<Dictionary> {
  for (const view of views) yield describeGrant(view);
}

const ownProperties = ({ broker, health, rulebook, version }: Told): readonly Property[] => [
  { name: 'Version', signature: 's', read: () => version },
  { name: 'RTTimeUSecMax', signature: 'x', read: () => rulebook.limits.rttimeUsecMax },
  { name: 'MaxRealtimePriority', signature: 'i', read: () => rulebook.limits.realtimePriorityMax },
  { name: 'MinNiceLevel', signature: 'i', read: () => rulebook.limits.niceLevelMin },
  { name: 'ThreadCount', signature: 'u', read: () => broker.totals.threads },
  { name: 'ProcessCount', signature: 'u', read: () => broker.totals.processes },
  { name: 'UserCount', signature: 'u', read: () => broker.totals.users },
  { name: 'Starved', signature: 'b', read: () => broker.starved },
  { name: 'Degraded', signature: 'as', read: () => health.degraded },
];
