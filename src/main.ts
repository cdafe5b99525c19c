import { join } from 'node:path';
import { Broker } from './broker.ts';
import { connectBus } from './bus/connect.ts';
import { heedSleep } from './bus/logind.ts';
import { heedNameLost } from './bus/names.ts';
import { heedPolkit } from './bus/polkit.ts';
import { serve } from './bus/service.ts';
import { jobOfUnit } from './bus/systemd1.ts';
import { ConfigError } from './config/error.ts';
import { LiveConfig } from './config/live.ts';
import { loadConfig } from './config/load.ts';
import { type Settings, settle } from './config/settings.ts';
import { Health, meaningOf, noCanaryOn } from './core/health.ts';
import type { Limits } from './core/limits.ts';
import { Rulebook } from './core/rulebook.ts';
import { type Flags, help, parseFlags, WrongUse } from './flags.ts';
import { openJournal } from './journal/journal.ts';
import { later } from './journal/later.ts';
import * as datagrams from './journal/libc.ts';
import { bootId } from './linux/boot.ts';
import { mayLimitOthers } from './linux/capability.ts';
import { LinuxClock } from './linux/clock.ts';
import { Handles } from './linux/handles.ts';
import { openLibrary } from './linux/library.ts';
import { LinuxMeddlers } from './linux/meddlers.ts';
import { raiseOwnProcess } from './linux/own-priority.ts';
import { Proc } from './linux/proc.ts';
import { LinuxProcessTable } from './linux/processes.ts';
import { LinuxScheduler } from './linux/sched.ts';
import { selfTest } from './linux/selftest.ts';
import { Texts } from './linux/texts.ts';
import { NoWatchdog, openWatchdog } from './linux/watchdog.ts';
import { PolkitAuthority } from './polkit/authority.ts';
import { Memory } from './polkit/memory.ts';
import { anyBoot } from './state/reading.ts';
import { openState } from './state/state.ts';
import { Notifier } from './systemd/notifier.ts';

declare const __VERSION__: string;

/** systemd answers at once, or is about to end itself. */
const systemdMsec = 500;

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2), process.env);
  switch (flags.deed) {
    case 'help':
      return void process.stdout.write(help);
    case 'version':
      return void process.stdout.write(`realtime-brokerd ${__VERSION__}\n`);
    case 'check-config':
      return checkConfig(flags);
    case 'serve':
    case 'after-stop':
      return run(flags);
  }
}

function checkConfig({ config }: Flags): void {
  const { warnings, files } = loadConfig(config);
  for (const file of files) process.stdout.write(`Read ${file}.\n`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write('The configuration is good.\n');
}

/** What a broker left is taken back also where its successor could not start for a mistake in them. */
function settingsFor({ deed, config }: Flags): Settings {
  try {
    return loadConfig(config);
  } catch (fault) {
    if (deed !== 'after-stop' || !(fault instanceof ConfigError)) throw fault;
    return settle([]);
  }
}

/** Everything there is in production, and how it hangs together. */
async function run(flags: Flags): Promise<void> {
  if (process.geteuid?.() !== 0) throw new Error('only root can hand out realtime scheduling; start it as root');
  const settings = settingsFor(flags);
  const journal = openJournal({ target: 'auto', level: flags.logLevel ?? settings.logLevel });
  for (const warning of settings.warnings) journal.warning(warning);
  const signalled = firstSignal();
  let onHangup = (): void => {};
  process.on('SIGHUP', () => onHangup());
  const notifier = new Notifier(datagrams, process.env);
  // Outside its unit a container may be shown another boot id than inside; and what is taken over is what the kernel confirms.
  const boot = flags.deed === 'after-stop' ? anyBoot : bootId();
  const state = openState(flags.stateDir, boot, settings.limits, journal);

  const health = new Health();
  const library = openLibrary(join(__dirname, 'librealtime-broker.so'));
  const raised = !settings.realtime || raiseOwnProcess(library, journal);
  const watchdog = openWatchdog(library, settings.canary, {
    journal,
    onReach: (cpu, reached) => health.set(noCanaryOn(cpu), !reached),
  });
  const shortcomings = selfTest(library);
  if (watchdog instanceof NoWatchdog) shortcomings.push('no-watchdog');
  if (!raised) shortcomings.push('ordinary-priority');
  for (const word of shortcomings) {
    health.set(word, true);
    journal.warning(meaningOf(word), { reason: word });
  }

  // Who cannot clamp requires: what Explain says is to be what happens.
  const limitsOf = ({ limits }: Settings): Limits => {
    const lacking = limits.rttimePolicy === 'clamp' && !mayLimitOthers();
    health.set('no-clamp', lacking);
    if (!lacking) return limits;
    journal.warning(meaningOf('no-clamp'), { reason: 'no-clamp' });
    return { ...limits, rttimePolicy: 'require' };
  };
  const rulebook = new Rulebook(limitsOf(settings), settings.rules, state.advertised);
  state.logbook.onTrouble = (fault) => {
    health.set('state-unwritable', fault !== undefined);
    if (fault === undefined) journal.info('The state is written again.');
    else journal.error(`The state cannot be written, and nothing is granted until it can: ${fault.message}.`);
  };
  const clock = new LinuxClock(library);
  const proc = new Proc(library);
  const handles = new Handles(library, proc);
  const connection = await connectBus(flags.bus);
  const polkit = {
    memory: new Memory(settings.polkitRememberMsec, () => clock.bootMsec()),
    deadlineMsec: settings.polkitTimeoutMsec,
    onAvailable: (available: boolean) => health.set('polkit-unavailable', !available),
  };
  const configuration = new LiveConfig(settings, {
    journal,
    notifier,
    load: () => loadConfig(flags.config, { watchdogRunsAt: settings.canary.watchdogPriority }),
    apply: (fresh) => {
      const { logLevel, polkitTimeoutMsec, polkitRememberMsec, rules, burst, canary, reassertDrifted } = fresh;
      journal.setLevel(flags.logLevel ?? logLevel);
      polkit.deadlineMsec = polkitTimeoutMsec;
      polkit.memory.rememberMsec = polkitRememberMsec;
      rulebook.replace(limitsOf(fresh), rules);
      broker.reconfigure({ burst, cooldownSec: canary.cooldownSec, reassertDrifted });
    },
  });
  const news = later(journal);
  const broker = new Broker({
    processes: new LinuxProcessTable(proc, handles, library, clock),
    scheduler: new LinuxScheduler(library, proc),
    watchdog,
    authority: new PolkitAuthority(connection, polkit),
    clock,
    journal: news,
    rulebook,
    logbook: state.logbook,
    burst: settings.burst,
    cooldownSec: settings.canary.cooldownSec,
    configuration,
    meddlers: new LinuxMeddlers(proc, new Texts(library, '/sys')),
    reassertDrifted: settings.reassertDrifted,
  });

  const end = (status: number, reason: string, grants: 'kept' | 'demoted'): never => {
    notifier.stopping();
    if (grants === 'demoted') broker.demoteAll('stopped');
    connection.close();
    const count = broker.totals.threads;
    const left = count === 0 ? '' : ` What it granted ${count} threads is left to the next one.`;
    news[status === 0 ? 'info' : 'error'](`The broker ends: ${reason}.${left}`);
    news[Symbol.dispose]();
    process.exit(status);
  };
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (fault: unknown) =>
      end(1, fault instanceof Error ? (fault.stack ?? fault.message) : `${fault}`, 'kept'),
    );

  await broker.adopt(state.legacy, state.damaged);
  // Where somebody else takes back what a broker left, systemd's job for his unit is none for the broker's; systemd.exec(5).
  const ofUnit = flags.deed === 'serve' || process.env.SERVICE_RESULT !== undefined;
  const stop = async (why: string): Promise<never> => {
    const job = ofUnit ? await jobOfUnit(connection, systemdMsec) : undefined;
    const again = job === 'restart' || job === 'start';
    return end(0, job === undefined ? why : `${why}, to ${job}`, again ? 'kept' : 'demoted');
  };
  if (flags.deed === 'after-stop') return await stop('its predecessor was stopped');
  let ending = false;
  void connection.closed.then((why) => ending || end(1, why, 'kept'));
  void signalled.then(async (signal) => {
    ending = true;
    if (signal === 'SIGTERM') return await stop(signal);
    end(0, signal, signal === 'SIGUSR1' ? 'kept' : 'demoted');
  });

  await heedSleep(connection, watchdog);
  await heedPolkit(connection, () => polkit.memory.forget());
  heedNameLost(connection, (name) => end(1, `the bus name ${name} was lost`, 'kept'));
  const { realtimekit1 } = settings;
  // Not at once: the reply to Exit is still to be written.
  const exit = () => void setImmediate(() => end(0, 'Exit was called', 'demoted'));
  await serve(connection, { broker, health, rulebook, version: __VERSION__, journal, realtimekit1, exit });
  notifier.ready();
  const tell = broker.onNews;
  broker.onNews = (news) => {
    tell(news);
    notifier.status(broker.totals);
  };
  onHangup = () => configuration.tryReload();
  journal.info(`The broker ${__VERSION__} serves on ${flags.bus}.`);
}

/** Told early enough that a stop is heeded which comes while we start: what a predecessor granted must not stay, then. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.on(signal, () => resolve(signal));
  });
}

main().catch((fault: unknown) => {
  process.stderr.write(`realtime-brokerd: ${fault instanceof Error ? fault.message : String(fault)}\n`);
  if (fault instanceof WrongUse) process.stderr.write("Try 'realtime-brokerd --help'.\n");
  process.exit(fault instanceof WrongUse ? 2 : 1);
});
