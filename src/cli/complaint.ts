import { BusError } from '../bus/bus-error.ts';

/** What the tool's exit status says. */
export const exitStatus = { done: 0, refused: 1, wrongUse: 2, unreachable: 3 } as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Why the tool does not do what it was asked: a sentence for the terminal, and what to do about it. */
export class Complaint extends Error {
  constructor(
    readonly status: ExitStatus,
    text: string,
  ) {
    super(text);
  }
}

/** A command line that cannot be meant. @param verb whose help may help */
export class WrongUse extends Complaint {
  constructor(
    text: string,
    readonly verb?: string,
  ) {
    super(exitStatus.wrongUse, text);
  }
}

/** Whatever was thrown, as something to be said. Nobody at a terminal is shown a stack. */
export function toComplaint(fault: unknown): Complaint {
  if (fault instanceof Complaint) return fault;
  if (fault instanceof BusError) return ofTheBus(fault);
  return new Complaint(exitStatus.refused, fault instanceof Error ? fault.message : String(fault));
}

export const ownErrors = 'org.example.RealtimeBroker.Error.';
const standard = 'org.freedesktop.DBus.Error.';

function ofTheBus({ name, text }: BusError): Complaint {
  if (name.startsWith(ownErrors)) return new Complaint(exitStatus.refused, text);
  const word = name.startsWith(standard) ? name.slice(standard.length) : name;
  if (unreachable.test(word)) return new Complaint(exitStatus.unreachable, whyUnreachable(word, text));
  if (/^Unknown(Method|Interface|Object|Property)$|^InvalidArgs$|^InconsistentMessage$/.test(word))
    return new Complaint(exitStatus.refused, `${otherVersion} It said: ${text}.`);
  if (word === 'InteractiveAuthorizationRequired')
    return new Complaint(exitStatus.refused, `${text} ${whereAgentsAre}`);
  return new Complaint(exitStatus.refused, `The broker answered ${word}: ${text}`);
}

/** At a terminal we let polkit ask; but somebody must be there who asks for it. */
const whereAgentsAre =
  'At a terminal rtbroker allows it: a desktop session has such an agent, elsewhere pkttyagent(1) is one.';

export const otherVersion =
  "The broker does not know what it was asked, or answers otherwise: it is of another version. See 'rtbroker version'.";

/** What the bus says when nobody answers there, and what it says of a service it cannot start. */
const unreachable =
  /^(ServiceUnknown|NameHasNoOwner|NoReply|Disconnected|NoServer|Timeout|TimedOut|AccessDenied|Spawn\..*)$|systemd1\./;

const whyUnreachable = (word: string, text: string): string => {
  switch (word) {
    case 'ServiceUnknown':
    case 'NameHasNoOwner':
      return "No broker runs on this bus. Start it: 'systemctl start realtime-broker'.";
    case 'NoReply':
    case 'Timeout':
    case 'TimedOut':
      return `The broker does not answer (${text}). See 'systemctl status realtime-broker'.`;
    case 'AccessDenied':
      return `The bus does not let us talk to the broker: ${text}. Is its policy installed (org.example.RealtimeBroker.conf)?`;
    case 'Disconnected':
      return `The message bus hung up: ${text}.`;
    default:
      return `The bus could not start the broker: ${text}. See 'journalctl -u realtime-broker'.`;
  }
};
