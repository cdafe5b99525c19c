import type { Scheduling } from '../core/scheduling.ts';
import type { Face } from '../ports.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { type Asked, type Member, member } from './member.ts';
import { highPriority, parseWanted, realtime } from './parse.ts';

/** The four members both faces have, with the same signatures. */
export function acquireMethods(broker: BrokerOnTheBus, face: Face): readonly Member[] {
  const acquire = async (asked: Asked, process: bigint | undefined, thread: bigint, scheduling: Scheduling) => {
    // What asks as it would ask rtkit must never bring up a dialog: it merely starts to play.
    const patience = face === 'own' ? asked.patience : 'usual';
    await broker.acquire(await asked.caller(), parseWanted(face, process, thread, scheduling), patience);
    return [] as const;
  };

  return [
    member('MakeThreadRealtime', ['tu', ''], ([thread, priority], asked) =>
      acquire(asked, undefined, thread, realtime(priority)),
    ),
    member('MakeThreadRealtimeWithPID', ['ttu', ''], ([process, thread, priority], asked) =>
      acquire(asked, process, thread, realtime(priority)),
    ),
    member('MakeThreadHighPriority', ['ti', ''], ([thread, nice], asked) =>
      acquire(asked, undefined, thread, highPriority(nice)),
    ),
    member('MakeThreadHighPriorityWithPID', ['tti', ''], ([process, thread, nice], asked) =>
      acquire(asked, process, thread, highPriority(nice)),
    ),
  ];
}
