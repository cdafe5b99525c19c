import type { Health } from '../core/health.ts';
import type { Rulebook } from '../core/rulebook.ts';
import type { Journal } from '../ports.ts';
import { Announcer } from './announcer.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { Callers } from './callers.ts';
import type { Connection } from './connection.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Face } from './face.ts';
import { objectsOf } from './objects.ts';
import { ownFace } from './own.ts';
import { Owners } from './owners.ts';
import { propertiesInterface } from './properties.ts';
import { realtimeKit1Face } from './realtimekit1.ts';
import { Signals } from './signals.ts';
import { Subscribers } from './subscribers.ts';
import { Waiting } from './waiting.ts';

export interface Service {
  readonly broker: BrokerOnTheBus;
  readonly health: Pick<Health, 'degraded' | 'onChange'>;
  readonly rulebook: Pick<Rulebook, 'limits' | 'advertised'>;
  readonly version: string;
  readonly journal: Journal;
  /** Whether to be org.freedesktop.RealtimeKit1 too. */
  readonly realtimekit1: boolean;
  /** Ends the broker once what is being answered is sent. */
  readonly exit: () => void;
}

/**
 * Answers on the bus from now on, and owns the names: in this order, so that whoever sees a name is answered.
 * @throws NameTaken
 */
export async function serve(connection: Connection, service: Service): Promise<void> {
  const { broker, health, rulebook, journal, realtimekit1, exit } = service;
  const subscribers = new Subscribers(new Owners(connection));
  const own = ownFace({ ...service, subscribers });
  const faces = realtimekit1 ? [own, realtimeKit1Face(broker, rulebook.advertised, exit)] : [own];

  const callers = new Callers((...question) => connection.askDaemon(...question));
  const dispatcher = new Dispatcher(connection, objectsOf(faces), callers, new Waiting(), journal);
  connection.onCall = (call) => dispatcher.handle(call);
  connection.onFault = (fault) => journal.error('A message could not be answered.', { error: describe(fault) });

  const announcer = new Announcer(own.properties, (changed) => announce(connection, own, changed));
  const signals = new Signals(broker, subscribers, ({ name, signature }, body, destination) =>
    connection.signal({ path: own.path, interface: own.interface, member: name }, signature, body, destination),
  );
  broker.onNews = (news) => {
    signals.tell(news);
    announcer.touch();
  };
  health.onChange = () => announcer.touch();

  for (const { busName } of faces) await connection.requestName(busName);
}

function announce(connection: Connection, face: Face, changed: readonly unknown[]): void {
  const signal = { path: face.path, interface: propertiesInterface, member: 'PropertiesChanged' };
  connection.signal(signal, 'sa{sv}as', [face.interface, changed, []]);
}

const describe = (fault: unknown): string => (fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
