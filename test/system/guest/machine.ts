import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

// These tests install, remove and restart what a whole machine runs on: never on one that is somebody's.
if (!existsSync('/var/lib/realtime-broker-test')) throw new Error('only for guests: see test/system/inside.sh');

/** The users of every guest. alice sits at the machine once she is seated; bob has no session at all. */
export type UserName = 'alice' | 'bob';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the shell as root. */
export const run = (command: string): Promise<Ran> =>
  new Promise((resolve) =>
    execFile('bash', ['-c', command], { timeout: 60_000 }, (fault, stdout, stderr) =>
      resolve({ code: fault === null ? 0 : typeof fault.code === 'number' ? fault.code : -1, stdout, stderr }),
    ),
  );

/** @returns what it said, without the last newline. @throws when it fails, with all it said */
export async function said(command: string): Promise<string> {
  const { code, stdout, stderr } = await run(command);
  if (code !== 0) throw new Error(`${command}\nended with ${code}: ${stdout}${stderr}`);
  return stdout.trimEnd();
}

/** As soon as it passes; with its last complaint when it has not in time. */
export const eventually = <Result>(check: () => Promise<Result> | Result, timeoutSec = 10): Promise<Result> =>
  vi.waitFor(check, { timeout: timeoutSec * 1000, interval: 50 });

/** A property of a unit, systemctl(1). */
export const shown = (property: string, unit = 'realtime-broker.service'): Promise<string> =>
  said(`systemctl show --property=${property} --value ${unit}`);

export const mainPid = async (): Promise<number> => Number(await shown('MainPID'));

/** Outside every session, as from cron; or in the session at the machine, once there is one. */
export const as = (user: UserName, command: string): string => `runuser -u ${user} -- ${command}`;
export const seated = (command: string): string =>
  `systemd-run --quiet --user --machine=alice@ --collect --pipe --wait ${command}`;

/** Has alice log in at seat0, with all that Debian starts for her. */
export async function seatAlice(): Promise<void> {
  await said(
    'systemd-run --quiet --unit=login --property=User=alice --property=PAMName=login ' +
      '--setenv=XDG_SEAT=seat0 --setenv=XDG_SESSION_TYPE=tty --setenv=XDG_SESSION_CLASS=user sleep infinity',
  );
  await eventually(() => said('systemctl is-active user@4211.service'), 30);
}

/** Of a service of alice's own. */
export const pidOfSeated = async (unit: string): Promise<number> =>
  Number(await said(seated(`systemctl --user show --property=MainPID --value ${unit}.service`)));

/** A process that sleeps, with a limit as the broker wants it or another one, outside every session. @returns its pid */
export async function sleeper(user: UserName, program = 'sleep', rttime = '200ms'): Promise<number> {
  const unit = `sleeper-${user}-${++sleepers}-${process.pid}`;
  await said(`systemd-run --quiet --unit=${unit} --uid=${user} --property=LimitRTTIME=${rttime} ${program} 1000`);
  const pid = Number(await shown('MainPID', unit));
  await eventually(() => said(`grep -qx ${program.split('/').at(-1)} /proc/${pid}/comm`));
  return pid;
}
let sleepers = 0;

export const ownFace = 'org.example.RealtimeBroker /org/example/RealtimeBroker org.example.RealtimeBroker';
export const rtkitFace = 'org.freedesktop.RealtimeKit1 /org/freedesktop/RealtimeKit1 org.freedesktop.RealtimeKit1';

export const makeRealtime = (pid: number, priority: number, face = ownFace): string =>
  `busctl call ${face} MakeThreadRealtimeWithPID ttu ${pid} 0 ${priority}`;

/** How the kernel runs a thread: "SCHED_RR|SCHED_RESET_ON_FORK 10". */
export async function scheduling(tid: number): Promise<string> {
  const [policy, priority] = (await said(`chrt -p ${tid}`)).split('\n').map((line) => line.split(': ')[1]);
  return `${policy} ${priority}`;
}

export const realtime = (priority: number): string => `SCHED_RR|SCHED_RESET_ON_FORK ${priority}`;
export const ordinary = 'SCHED_OTHER 0';

/** What is out, on the broker's word. */
export interface Grant {
  readonly tid: number;
  readonly comm: string;
  readonly program: string;
  readonly priority: number | undefined;
  readonly grantedAtUSec: number;
}

export async function grants(): Promise<readonly Grant[]> {
  const { data } = JSON.parse(await said(`busctl --json=short call ${ownFace} ListGrants`));
  return (data[0] as readonly Dictionary[]).map(({ Thread, Comm, Program, Priority, GrantedAtUSec }) => ({
    tid: Thread?.data as number,
    comm: Comm?.data as string,
    program: Program?.data as string,
    priority: Priority?.data as number | undefined,
    grantedAtUSec: GrantedAtUSec?.data as number,
  }));
}
type Dictionary = Readonly<Record<string, { readonly data: unknown }>>;

export const isGranted = async (tid: number): Promise<boolean> => (await grants()).some((grant) => grant.tid === tid);

/** Whether a thread is out at the priority that PipeWire wants for those that play. */
export const plays = async (): Promise<boolean> => (await grants()).some(({ priority }) => priority === 20);

/** Debian 12, where systemd and Node are older. */
export const isBookworm = /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8'));
