/** A test that injects a fault, by its file and by what its title says. */
type Injected = readonly [file: string, says: string];

export interface Fault {
  readonly fault: string;
  readonly promise: string;
  readonly tests: readonly Injected[];
}

/** By a real systemd: `npm run test:system`. */
const guest = (says: string): Injected => ['test/system/guest/service.ts', says];
const bus = (name: string, says: string): Injected => [`test/integration/${name}.test.ts`, says];

/** What may happen to a broker, and what is promised then. */
export const faults: readonly Fault[] = [
  {
    fault: 'killed, crashed, upgraded',
    promise: 'the next one has every grant that the kernel confirms, and nothing twice',
    tests: [
      bus('restart', 'has a successor with the same grants'),
      bus('restart', 'leaves nothing of a thread that'),
      bus('restart', 'a successor that may open less demotes whom it cannot watch'),
      bus('restart', 'leaves nothing of a process that changes its user'),
      bus('kills', 'killed at random instants under load'),
      bus('soak', 'leave ledger, roster and kernel of one mind'),
    ],
  },
  {
    fault: 'SIGTERM, SIGINT, SIGUSR1',
    promise: 'a restart keeps, a stop demotes, SIGUSR1 keeps',
    tests: [
      bus('restart', "by systemd's restart keeps what was granted"),
      bus('restart', "by systemd's stop demotes it"),
      bus('restart', 'while systemd does not answer demotes it'),
      bus('restart', 'by SIGUSR1 keeps it'),
      bus('daemon', 'demotes all and ends the broker with 0'),
      bus('restart', 'is taken back after a stop'),
      guest('stop: all are demoted, also when the broker hangs'),
      guest('stop: all are demoted, at whatever moment of a start it comes'),
    ],
  },
  {
    fault: 'stop and start, reboot',
    promise: 'values of a boot hold within it, and no longer',
    tests: [
      bus('restart', 'stays the same over'),
      ['test/state/state.test.ts', 'what was written in another boot does not matter'],
      ['test/adoption.test.ts', 'a process cools down on over a stop and a start'],
      bus('canary-restart', 'a hog that was demoted cools down on under the next broker'),
    ],
  },
  {
    fault: 'a crash after the other',
    promise: 'systemd starts it again each time',
    tests: [guest('however often it is killed'), ['test/system/guest/boot.ts', 'it is restarted for ever']],
  },
  {
    fault: 'the event loop hangs',
    promise: 'systemd hears of it, and the watchdog goes on',
    tests: [
      bus('notify', 'told while the event loop turns, and nothing while it stands still'),
      guest('when its event loop stands still'),
      bus('canary-blocked', 'hogs are demoted while JavaScript is caught in something'),
    ],
  },
  {
    fault: 'polkit absent, hung, restarted',
    promise: 'refused in time, and property reads and others wait for nothing',
    tests: [
      bus('bus-polkit', 'that hangs is waited for no longer than the deadline'),
      bus('bus-polkit', 'that does not run is said to be missing'),
      bus('contract', 'property reads wait neither for polkit'),
      bus('polkit-crowd', 'keep a third from nothing'),
      bus('abuse', 'keep nobody from reading'),
    ],
  },
  {
    fault: 'the bus is lost, a name is taken or lost',
    promise: 'it ends with 1, and what it granted waits for the next one',
    tests: [
      bus('daemon', 'the loss of the bus ends it with 1'),
      bus('daemon', 'the loss of the name'),
      bus('bus', 'ends the second broker'),
    ],
  },
  {
    fault: 'logind absent, come late, gone',
    promise: 'nothing is missing, and it is believed when it comes',
    tests: [
      bus('bus-signals-foreign', 'is heard of logind, whenever it comes, goes, and comes again'),
      bus('bus-signals-foreign', 'is not heard of who only says that he is logind'),
    ],
  },
  {
    fault: 'journald absent or stopped, stderr full or broken',
    promise: 'it runs on, keeps nobody waiting, and tells later what it could not',
    tests: [
      bus('faults', 'a journald that is stopped keeps nobody waiting'),
      ['test/journal/real.test.ts', 'stopped, makes nobody wait'],
      ['test/journal/journald.test.ts', 'the whole socket buffer full makes nobody wait'],
      ['test/journal/journald.test.ts', 'without a socket messages go to stderr'],
      ['test/journal/process.test.ts', 'lives, and ends when it wants to'],
      bus('faults', 'a stderr that nobody reads any more'),
    ],
  },
  {
    fault: 'half-written, damaged or foreign state',
    promise: 'set aside and told of; what can be read and the kernel confirms is kept',
    tests: [
      bus('restart', 'in a record leaves what can be read'),
      bus('restart', 'in its heading leaves a broker that works'),
      ['test/state/logbook.test.ts', 'anywhere behind its heading'],
      ['test/state/logbook.test.ts', 'with a bit turned over anywhere'],
      ['test/state/directory.test.ts', 'is refused when others may write in it'],
    ],
  },
  {
    fault: 'disk full, read-only',
    promise: 'nothing is granted that cannot be written down, and nothing is lost',
    tests: [bus('restart', 'that is full'), bus('restart', 'that is read-only')],
  },
  {
    fault: 'a service manager that wants to know',
    promise: 'it hears when the broker is ready, what is out, when it reads its configuration, and when it ends',
    tests: [
      bus('notify', 'ready when it owns both names, says what is out, and says when it ends'),
      bus('notify', 'when it reads its configuration anew, and since when'),
      bus('notify', 'one that does not get the names is never ready'),
    ],
  },
  {
    fault: 'a bad configuration on reload',
    promise: 'the old one holds, and all that is wrong is said',
    tests: [bus('reload', 'changes nothing, and the caller hears all that is wrong')],
  },
  {
    fault: 'nonsense on the bus',
    promise: 'each call is answered once, by an error with a name',
    tests: [
      bus('fuzz', 'nonsense from two users is answered once each'),
      bus('abuse', '1000 calls are answered'),
      bus('bus', 'a message of type'),
      bus('bus', 'a file descriptor'),
      bus('arguments', 'and nothing else'),
    ],
  },
  {
    fault: 'Set on everything; names every JavaScript object has',
    promise: 'nothing changes, and nothing is there',
    tests: [bus('properties', 'cannot be set'), bus('abuse', 'by a name that every JavaScript object has')],
  },
  {
    fault: 'bodies of 16 MB',
    promise: 'thrown away as they come in',
    tests: [
      bus('abuse', 'turns 16 MB away'),
      bus('bus-bigmessage', 'no more than 20 ms longer than a C program'),
      bus('bus-bigmessage', 'has not grown by what it threw away'),
    ],
  },
  {
    fault: 'connections opened and dropped by the thousand',
    promise: 'no descriptor and no memory is left behind',
    tests: [bus('abuse', '10 000 connections opened and dropped')],
  },
  {
    fault: 'callers that die while polkit is asked',
    promise: 'they are forgotten, or in the ledger if they live on',
    tests: [
      bus('abuse', 'are forgotten when they die'),
      bus('abuse', 'are in the ledger if they live on'),
      bus('polkit-crowd', 'is no fault of polkit'),
    ],
  },
  {
    fault: 'a pid or tid used again',
    promise:
      'the successor gets nothing and keeps what it has; forced by clone3(2) set_tid, and by a small PID namespace',
    tests: [
      bus('pid-reuse', 'where ids are soon used again'),
      ['test/contracts/scheduler.ts', 'nobody who has the tid by now'],
      ['test/contracts/scheduler.ts', 'also when he is a new thread of the same process'],
      ['test/contracts/process-table.ts', "is not given on a tid that is a stranger's by now"],
      ['test/linux/processes.test.ts', 'whose pid is another’s by now'],
    ],
  },
  {
    fault: 'a thread ends, calls exec or changes its user between look and act',
    promise: 'nobody gets what he never asked for',
    tests: [
      ['test/contracts/scheduler.ts', 'the thread may end'],
      ['test/contracts/scheduler.ts', 'the main thread may run a set-user-ID program'],
      ['test/contracts/scheduler.ts', 'a worker may call exec of a'],
      ['test/contracts/scheduler.ts', 'the process may change a uid'],
    ],
  },
  {
    fault: 'exec by a granted worker, by a granted leader, of a set-user-ID program',
    promise: 'what a worker had is taken back; a leader keeps it while its user is the same',
    tests: [
      bus('ends', 'of a worker that calls exec is taken from it'),
      bus('ends', 'of a leader that calls exec stays'),
      bus('ends', 'of a leader that calls a set-user-ID program ends'),
    ],
  },
  {
    fault: 'ids of 2³² and more',
    promise: 'they mean nobody',
    tests: [['test/contracts/process-table.ts', 'by an id that is right but for bit']],
  },
  {
    fault: 'quota and burst floods over 200 connections',
    promise: 'another user waits no longer than twice what the least service would have him wait, or 5 and 25 ms',
    tests: [
      bus('flood', 'over 200 connections keeps another user waiting no longer'),
      bus('burst', 'a refusal that waits keeps no other user waiting'),
      bus('abuse', 'may not be too many, and only their own user pays'),
      bus('bus', 'who floods without wanting answers is served, and others too'),
    ],
  },
  {
    fault: 'no descriptors left',
    promise: 'refused with the reason; the rest goes on',
    tests: [
      bus('abuse', 'a broker out of descriptors says so'),
      ['test/linux/descriptors.test.ts', 'a pidfd at the ceiling is closed again'],
    ],
  },
  {
    fault: 'the kernel refuses: EPERM, EINVAL, no realtime budget',
    promise: 'refused, with the errno and its likely cause',
    tests: [
      ['test/linux/sched.test.ts', 'is a refusal that names it'],
      ['test/linux/sched.test.ts', 'a control group without realtime is named'],
    ],
  },
  {
    fault: 'hidepid, PID and user namespaces',
    promise: 'everybody is who he is, and ids are those of the caller',
    tests: [
      bus('faults', 'the broker finds everybody, and grants'),
      bus('faults', 'root in a user namespace of its own'),
      bus('namespaces', 'its own ids are meant'),
      bus('namespaces', 'ids of this machine mean nobody'),
    ],
  },
];
