import type { Grant } from '../core/ledger.ts';
import type { News } from '../ports.ts';
import type { BrokerOnTheBus } from './broker.ts';
import type { SignalRow } from './member.ts';
import type { Subscribers } from './subscribers.ts';
import { describeGrant, describePastGrant } from './views.ts';
import { Marshalled, type Values } from './wire.ts';

const row = <Signature extends string>(name: string, signature: Signature) => ({ name, signature });

const threadDemoted = row('ThreadDemoted', 'tts');
const threadRestored = row('ThreadRestored', 'tt');
const grantAdded = row('GrantAdded', 'a{sv}');
const grantRemoved = row('GrantRemoved', 'a{sv}s');
const starved = row('Starved', 'ut');

/** The signals of our own interface; dbus/org.example.RealtimeBroker.xml describes them. */
export const ownSignals: readonly SignalRow[] = [threadDemoted, threadRestored, grantAdded, grantRemoved, starved];

/** @param destination undefined: everybody */
type Send = (signal: SignalRow, body: Marshalled, destination?: string) => void;

/** Brings news to those it concerns: of a grant to its user's subscribers and to those who may look at everybody's, of the machine to everybody. */
export class Signals {
  readonly #broker: Pick<BrokerOnTheBus, 'view'>;
  readonly #subscribers: Pick<Subscribers, 'concerned'>;
  readonly #send: Send;

  constructor(broker: Pick<BrokerOnTheBus, 'view'>, subscribers: Pick<Subscribers, 'concerned'>, send: Send) {
    this.#broker = broker;
    this.#subscribers = subscribers;
    this.#send = send;
  }

  tell(news: News): void {
    switch (news.kind) {
      case 'granted':
        return this.#tellOf(news.grant, grantAdded, () => {
          const view = this.#broker.view(news.grant);
          return view && [describeGrant(view)];
        });
      case 'removed':
        return this.#tellOf(news.grant, grantRemoved, () => [describePastGrant(news.grant), news.reason]);
      case 'demoted':
        return this.#tellOf(news.grant, threadDemoted, () => [...idsOf(news.grant), news.reason]);
      case 'restored':
        return this.#tellOf(news.grant, threadRestored, () => idsOf(news.grant));
      case 'starved':
        return this.#send(starved, Marshalled.of(starved.signature, [news.cpu, BigInt(news.lateUsec)]));
      case 'recovered':
      case 'reconfigured':
        return; // The properties say so.
    }
  }

  /** Written once, however many hear it, and not at all when nobody does. */
  #tellOf<Signature extends string>(
    { thread }: Grant,
    signal: SignalRow<Signature>,
    valuesOf: () => Values<Signature> | undefined,
  ): void {
    const names = this.#subscribers.concerned(thread.process.uid);
    const values = names.length === 0 ? undefined : valuesOf();
    if (values === undefined) return;
    const body = Marshalled.of(signal.signature, values);
    for (const name of names) this.#send(signal, body, name);
  }
}

const idsOf = ({ thread }: Grant) => [BigInt(thread.process.pid), BigInt(thread.tid)] as const;
