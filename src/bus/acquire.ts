import type { Face } from '../ports.ts';
import type { BrokerOnTheBus } from './broker.ts';
import { type Member, member } from './member.ts';
import { highPriority, parseWanted, realtime } from './parse.ts';

/** The four members both faces have, with the same signatures. */
export const acquireMethods = (broker: BrokerOnTheBus, face: Face): readonly Member[] => [
  member('MakeThreadRealtime', ['tu', ''], async ([thread, priority], asked) => {
    await broker.acquire(await asked.caller(), parseWanted(face, undefined, thread, realtime(priority)));
    return [];
  }),
  member('MakeThreadRealtimeWithPID', ['ttu', ''], async ([process, thread, priority], asked) => {
    await broker.acquire(await asked.caller(), parseWanted(face, process, thread, realtime(priority)));
    return [];
  }),
  member('MakeThreadHighPriority', ['ti', ''], async ([thread, nice], asked) => {
    await broker.acquire(await asked.caller(), parseWanted(face, undefined, thread, highPriority(nice)));
    return [];
  }),
  member('MakeThreadHighPriorityWithPID', ['tti', ''], async ([process, thread, nice], asked) => {
    await broker.acquire(await asked.caller(), parseWanted(face, process, thread, highPriority(nice)));
    return [];
  }),
];
