/** One line of what clients of rtkit rely on, and the tests whose titles begin with its name. */
export interface Line {
  readonly line: `C${number}`;
  readonly says: string;
  readonly tests: readonly string[];
}

const contract = 'test/integration/contract.test.ts';
const clients = 'test/integration/clients.test.ts';
const portal = 'test/integration/portal.test.ts';
const pulseaudio = 'test/integration/pulseaudio.test.ts';
const sdl = 'test/integration/sdl.test.ts';
const restart = 'test/integration/restart.test.ts';

/** The whole contract of org.freedesktop.RealtimeKit1, in the order in which it is read. */
export const lines: readonly Line[] = [
  { line: 'C1', says: 'name, object and interface', tests: [contract] },
  {
    line: 'C2',
    says: 'the name is owned before users log in, and stays',
    tests: [clients, 'test/system/guest/boot.ts'],
  },
  { line: 'C3', says: 'the first call starts it and is answered within 2 s', tests: [contract] },
  {
    line: 'C4',
    says: 'warm answers within 5 ms and 20 ms; properties wait for nobody',
    tests: [contract, 'test/integration/webkit.test.ts'],
  },
  { line: 'C5', says: 'a name that is taken ends it', tests: ['test/integration/daemon.test.ts'] },
  { line: 'C6', says: 'Introspect, there and above, and Ping', tests: [contract] },
  { line: 'C7', says: 'calls without an interface or a reply; what is unknown', tests: [contract] },
  { line: 'C8', says: 'Get, with exact types', tests: [contract, sdl, portal] },
  { line: 'C9', says: 'GetAll, and interfaces that have no properties', tests: [contract, clients] },
  { line: 'C10', says: 'values that all clients can live with', tests: [contract] },
  { line: 'C11', says: 'values that never change, in one boot', tests: [contract, restart] },
  { line: 'C12', says: 'no Set, no PropertiesChanged', tests: [contract] },
  { line: 'C13', says: 'four methods, and their arguments', tests: [contract] },
  { line: 'C14', says: 'a reply when it is done', tests: [contract] },
  { line: 'C15', says: 'the caller’s own process, and thread 0', tests: [contract, pulseaudio, portal] },
  { line: 'C16', says: 'another process of the same user, which is judged', tests: [contract, clients, portal] },
  { line: 'C17', says: 'no other user’s, not even for root', tests: [contract, portal] },
  { line: 'C18', says: 'what is not there fails', tests: [contract] },
  { line: 'C19', says: 'what cannot be fails, what is too much is denied', tests: [contract] },
  {
    line: 'C20',
    says: 'realtime is SCHED_RR with reset-on-fork',
    tests: [contract, sdl, 'test/integration/pipewire.test.ts'],
  },
  { line: 'C21', says: 'nice is nice, and 0 takes a thread back', tests: [contract, clients] },
  { line: 'C22', says: 'asked again it changes and takes no second place', tests: [contract] },
  { line: 'C23', says: 'a hard RLIMIT_RTTIME', tests: [contract] },
  { line: 'C24', says: 'which may be set just after asking', tests: ['test/integration/grants.test.ts', clients] },
  {
    line: 'C25',
    says: 'rtkit’s polkit actions and defaults',
    tests: ['test/polkit/policy.test.ts', 'test/integration/bus-polkit.test.ts'],
  },
  { line: 'C26', says: 'uid 0 on the bus', tests: [contract] },
  { line: 'C27', says: 'the few error names that clients know', tests: ['test/bus/errors.test.ts'] },
  { line: 'C28', says: 'an answer within 25 s, always', tests: [contract] },
  {
    line: 'C29',
    says: 'grants outlive the connection',
    tests: ['test/integration/grants.test.ts', clients, pulseaudio],
  },
  { line: 'C30', says: 'storms of refusals lock nobody else out', tests: [contract, pulseaudio] },
  { line: 'C31', says: 'limits that are high enough', tests: [contract] },
  { line: 'C32', says: 'who leaves realtime by himself frees his place', tests: ['test/supervisor.test.ts', clients] },
  {
    line: 'C33',
    says: 'after sleep, or the watchdog, all have what they had',
    tests: [contract, 'test/integration/canary.test.ts'],
  },
  { line: 'C34', says: 'while suspended it is denied, and does not fail', tests: [contract] },
  { line: 'C35', says: 'what is root’s, by the bus and by the broker', tests: [contract] },
  {
    line: 'C36',
    says: 'ResetKnown, ResetAll and Exit',
    tests: [
      contract,
      'test/integration/conformance.test.ts',
      'test/integration/reset-all.test.ts',
      'test/system/guest/service.ts',
    ],
  },
  { line: 'C37', says: 'rtkitctl and rtkit-test', tests: ['test/integration/rtkit-tools.test.ts'] },
  {
    line: 'C38',
    says: 'bus policy, unit and package in rtkit’s place',
    tests: ['test/system/guest/boot.ts', 'test/system/guest/takeover.test.ts'],
  },
  { line: 'C39', says: 'the daemon above ordinary threads, the watchdog above all', tests: [contract] },
  { line: 'C40', says: 'the next broker knows what this one granted', tests: [restart] },
];
