import { parseArgs } from 'node:util';

/** What the daemon was told on its command line. */
export interface Flags {
  readonly config: string | undefined;
  readonly stateDir: string;
  readonly bus: string;
  readonly logLevel: LogLevel | undefined;
  readonly deed: 'serve' | 'after-stop' | 'check-config' | 'version' | 'help';
}

const logLevels = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A command line that cannot be meant. Its message is for the terminal. */
export class WrongUse extends Error {}

export const help = `Usage: realtime-brokerd [OPTION]...
Hands realtime scheduling to threads that ask for it over D-Bus. Needs to be root.

  --config FILE      read this configuration, which must exist; default:
                     /etc/realtime-broker/realtime-broker.toml, else the one
                     in /usr/lib/realtime-broker, else the built-in defaults.
                     FILE.d/*.toml (by default those in /etc) are read after it
  --state-dir DIR    the runtime directory (default /run/realtime-broker)
  --bus ADDRESS      the message bus, as in unix:path=/run/dbus/system_bus_socket
                     (default $DBUS_SYSTEM_BUS_ADDRESS, else the system bus)
  --log-level LEVEL  debug, info, warning or error; overrides the configuration
  --check-config     say which files are read and whether the configuration is
                     good, and exit 0 or 1
  --after-stop       demote all that a broker left which could not do so itself,
                     and exit; by systemd not when it is about to start another
  --version          print the version and exit
  --help             print this and exit

Signals: SIGTERM and SIGINT end the broker and demote all granted threads, but
for a SIGTERM from systemd's restart. SIGUSR1 ends it and leaves the grants to
the next broker, as every other end does. SIGHUP reads the configuration anew,
and keeps the old one if anything is wrong with it.
Exit status: 0 done, 1 failed or refused a bad configuration, 2 wrong use.
`;

/**
 * @param environment for DBUS_SYSTEM_BUS_ADDRESS
 * @throws WrongUse
 */
export function parseFlags(args: readonly string[], environment: NodeJS.ProcessEnv): Flags {
  const { values } = parse(args);
  const { help: helped, version, 'check-config': checked, 'after-stop': afterStop } = values;
  return {
    config: values.config,
    stateDir: values['state-dir'] ?? '/run/realtime-broker',
    bus: values.bus ?? (environment.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/run/dbus/system_bus_socket'),
    logLevel: parseLogLevel(values['log-level']),
    deed: helped ? 'help' : version ? 'version' : checked ? 'check-config' : afterStop ? 'after-stop' : 'serve',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        'state-dir': { type: 'string' },
        bus: { type: 'string' },
        'log-level': { type: 'string' },
        'check-config': { type: 'boolean' },
        'after-stop': { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (fault) {
    throw new WrongUse(fault instanceof Error ? fault.message : String(fault));
  }
}

function parseLogLevel(text: string | undefined): LogLevel | undefined {
  if (text === undefined) return undefined;
  const level = logLevels.find((each) => each === text);
  if (level === undefined) throw new WrongUse(`--log-level '${text}': expected one of ${logLevels.join(', ')}`);
  return level;
}
