import { BusError } from './bus-error.ts';
import type { Connection } from './connection.ts';

const systemd1 = 'org.freedesktop.systemd1';
const manager = { destination: systemd1, path: '/org/freedesktop/systemd1', interface: `${systemd1}.Manager` };

type Job = readonly [id: number, unit: string, type: string, state: string, path: string, unitPath: string];

/**
 * What systemd is about to do with this process's unit, as "restart" or "stop"; undefined when there is no systemd, it
 * does not answer in time, or has no job for the unit. While SIGTERM is handled, its job is still there.
 */
export async function jobOfUnit(connection: Connection, deadlineMsec: number): Promise<string | undefined> {
  const options = { timeoutMsec: deadlineMsec, autoStart: false };
  const ask = <Expected extends string>(
    member: string,
    signature: string,
    body: readonly unknown[],
    expected: Expected,
  ) => connection.call({ ...manager, member }, signature, body, expected, options);
  try {
    const [[unit], [jobs]] = await Promise.all([
      ask('GetUnitByPID', 'u', [process.pid], 'o'),
      ask('ListJobs', '', [], 'a(usssoo)'),
    ]);
    const ours = (jobs as readonly Job[]).find(([, , , , , path]) => path === unit);
    return ours?.[2];
  } catch (fault) {
    if (fault instanceof BusError) return undefined;
    throw fault;
  }
}
