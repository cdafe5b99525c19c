/** A test in an installed guest, by its file there and by what its title says. */
type Tried = readonly [file: 'boot' | 'hardening' | 'service', says: string];

/** One setting of realtime-broker.service, or several that can break the same thing. */
export interface Setting {
  readonly lines: readonly string[];
  /** What would go wrong without it, or what it takes away that the broker might need. */
  readonly might: string;
  readonly tests: readonly Tried[];
}

const boot: Tried = ['boot', 'both names are owned before anybody can log in'];
const activated: Tried = ['boot', 'activated when it was stopped'];
const known: Tried = ['boot', 'systemd knows every line'];
const times: Tried = ['boot', 'it is given time'];
const ready: Tried = ['boot', 'started, it is ready'];
const told: Tried = ['hardening', 'bus, journal and service manager are heard from'];
const hung: Tried = ['service', 'when its event loop stands still'];
const killed: Tried = ['service', 'however often it is killed'];
const stays: Tried = ['boot', 'restarted for ever, and its runtime directory stays'];
const written: Tried = ['hardening', 'what is granted is written down'];
const starved: Tried = ['hardening', 'a hog is demoted'];
const promoted: Tried = ['hardening', 'a thread of an ordinary user is promoted'];
const translated: Tried = ['hardening', 'ids of another PID namespace are translated'];
const ruled: Tried = ['hardening', 'rules by program and by unit'];
const crowd: Tried = ['hardening', 'many come and go'];
const throughout: Tried = ['hardening', 'one and the same broker'];
const shut: Tried = ['hardening', 'it has no more than that'];
const powers: Tried = ['boot', 'two capabilities'];

/** The whole unit, setting by setting. Whoever changes a line has to say here again what tells that it is right. */
export const settings: readonly Setting[] = [
  {
    lines: ['Description=Realtime scheduling for audio threads', 'Documentation=man:realtime-brokerd(8)'],
    might: 'name a page that is not there',
    tests: [known],
  },
  {
    lines: [
      'Before=systemd-user-sessions.service',
      'Requires=dbus.socket',
      'After=dbus.socket',
      'WantedBy=multi-user.target',
    ],
    might: 'come after the first login, or go in a circle',
    tests: [boot, ['boot', 'the unit has started once']],
  },
  {
    lines: ['ConditionCapability=CAP_SYS_NICE', 'ConditionVirtualization=!private-users'],
    might: 'keep it from starting where it could work (where it could not: test/system/powerless.test.ts)',
    tests: [boot],
  },
  { lines: ['StartLimitIntervalSec=0'], might: 'leave realtime threads unwatched for good', tests: [killed, stays] },
  {
    lines: ['Type=notify', 'BusName=org.example.RealtimeBroker'],
    might: 'be ready before it is',
    tests: [ready, activated],
  },
  { lines: ['NotifyAccess=main'], might: 'keep its status from systemd', tests: [told, ready] },
  {
    lines: [
      'ExecStart=node --no-opt --max-semi-space-size=1 /usr/libexec/realtime-broker/realtime-brokerd',
      'ExecReload=busctl call --quiet org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker Reload',
    ],
    might: 'start what is not there; reload without telling of a mistake',
    tests: [boot, ['service', 'reload: what changed'], ['service', 'reload: fails when the configuration is wrong']],
  },
  {
    lines: [
      "ExecStopPost=sh -c 'case $$SERVICE_RESULT-$$EXIT_CODE in success-killed|timeout-*) exec node /usr/libexec/realtime-broker/realtime-brokerd --after-stop; esac'",
    ],
    might: 'leave threads realtime that nobody watches, or take back what an heir should have',
    tests: [
      ['service', 'also when the broker hangs'],
      ['service', 'at whatever moment of a start'],
      ['service', 'restart: grants are kept'],
    ],
  },
  {
    lines: ['TimeoutStartSec=15s', 'TimeoutStopSec=5s'],
    might: 'keep logins or a shutdown waiting, or end it too early',
    tests: [times, boot, ['service', 'stop: all are demoted, and']],
  },
  { lines: ['WatchdogSec=15s', 'TimeoutAbortSec=2s'], might: 'not notice that it hangs', tests: [times, hung] },
  {
    lines: ['Restart=on-failure', 'RestartSec=500ms', 'RestartSteps=5', 'RestartMaxDelaySec=5s'],
    might: 'leave it dead, or bring it back against root’s word',
    tests: [['service', 'when it is killed'], killed, ['service', 'C36: Exit demotes all'], known],
  },
  {
    lines: ['RuntimeDirectory=realtime-broker', 'RuntimeDirectoryMode=0700', 'RuntimeDirectoryPreserve=yes'],
    might: 'forget what is granted, or show it to others',
    tests: [stays, written, ['service', 'restart: grants are kept'], ['service', 'stop: all are demoted, and']],
  },
  {
    lines: ['CPUSchedulingPolicy=rr', 'CPUSchedulingPriority=1'],
    might: 'answer late, or run before audio',
    tests: [['boot', 'the whole process is SCHED_RR 1']],
  },
  {
    lines: ['LimitRTTIME=infinity'],
    might: 'be killed for being busy',
    tests: [['boot', 'the whole process is SCHED_RR 1']],
  },
  {
    lines: ['LimitNOFILE=67584'],
    might: 'have no descriptor left for a grant',
    tests: [['boot', 'descriptors and locked memory are enough'], crowd],
  },
  {
    lines: ['LimitMEMLOCK=64M'],
    might: 'have the watchdog paged out',
    tests: [['boot', 'descriptors and locked memory are enough'], starved],
  },
  {
    lines: ['OOMScoreAdjust=-900'],
    might: 'be the first to go',
    tests: [['boot', 'when memory runs out, others go first']],
  },
  {
    lines: ['CapabilityBoundingSet=CAP_SYS_NICE CAP_SYS_PTRACE'],
    might: 'lack what promotes, what looks into other users’ processes, or what sets the watchdog’s priority',
    tests: [powers, promoted, translated, ruled, starved],
  },
  {
    lines: ['NoNewPrivileges=yes', 'RestrictSUIDSGID=yes'],
    might: 'keep files from being made',
    tests: [powers, written],
  },
  {
    lines: ['RestrictAddressFamilies=AF_UNIX', 'PrivateNetwork=yes', 'IPAddressDeny=any'],
    might: 'cut it off from the bus, journald or systemd',
    tests: [shut, told],
  },
  {
    lines: ['ProtectSystem=strict', 'UMask=0077'],
    might: 'keep the ledger from being written',
    tests: [shut, written, ruled],
  },
  {
    lines: ['ProtectHome=yes', 'PrivateTmp=yes'],
    might: 'hide programs that are asked about',
    tests: [shut, ['hardening', 'programs of all places are promoted']],
  },
  {
    lines: ['PrivateDevices=yes', 'DevicePolicy=closed'],
    might: 'take /dev/null from Node',
    tests: [shut, throughout],
  },
  {
    lines: ['ProtectKernelTunables=yes', 'ProtectControlGroups=yes'],
    might: 'hide the boot’s id, limits of the kernel’s, or control groups',
    tests: [shut, ['service', 'when it is killed'], ruled, starved],
  },
  {
    lines: ['ProtectKernelModules=yes', 'ProtectKernelLogs=yes'],
    might: 'take away what it has no use for',
    tests: [shut, throughout],
  },
  {
    lines: ['ProtectClock=yes'],
    might: 'have clocks and their jumps unseen',
    tests: [
      ['hardening', 'the clocks go right'],
      ['service', 'it lives through a sleep of the machine'],
    ],
  },
  { lines: ['ProtectHostname=yes'], might: 'have the journal name another machine', tests: [shut, told] },
  { lines: ['RestrictNamespaces=yes'], might: 'hide ids of other PID namespaces', tests: [translated] },
  { lines: ['PrivateIPC=yes'], might: 'take shared memory from the watchdog', tests: [shut, starved] },
  {
    lines: ['KeyringMode=private', 'LockPersonality=yes'],
    might: 'take away what it has no use for',
    tests: [throughout],
  },
  {
    lines: [
      'SystemCallArchitectures=native',
      'SystemCallFilter=@system-service @pkey',
      'SystemCallFilter=~@privileged @aio @chown @keyring @setuid process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp',
      'SystemCallErrorNumber=EPERM',
    ],
    might: 'fail in whatever it does seldom: all of these tests run where such a call ends it',
    tests: [powers, promoted, translated, ruled, written, told, crowd, starved, throughout],
  },
];
