import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';

const systemd1 = 'org.freedesktop.systemd1';

/** What a rig's bus must be told, so that somebody can be systemd there. */
export const systemd1Policy = `<policy user="root"><allow own="${systemd1}"/><allow send_destination="${systemd1}"/></policy>`;

const unit = '/org/freedesktop/systemd1/unit/realtime_2dbroker_2eservice';
const jobOf = (id: number, name: string, type: string, path: string) => [id, name, type, 'running', `/job/${id}`, path];

/** As much of systemd as a unit asks when it is stopped; with the signatures of org.freedesktop.systemd1(5). */
export class Systemd1 {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param job what it is about to do with the broker's unit, if anything; or 'silence', when it answers nobody */
  static async start(address: string, job: string | undefined): Promise<Systemd1> {
    const connection = await connectBus(address);
    connection.onCall = (call) => {
      if (job === 'silence') return;
      const { member = '', signature = '' } = call.fields;
      if (member === 'GetUnitByPID' && signature === 'u') connection.reply(call, 'o', [unit]);
      else if (member === 'ListJobs' && signature === '') connection.reply(call, 'a(usssoo)', [jobsWith(job)]);
      else connection.error(call, 'org.freedesktop.DBus.Error.UnknownMethod', `${member}(${signature})`);
    };
    await connection.requestName(systemd1);
    return new Systemd1(connection);
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.#connection.closed;
  }
}

function jobsWith(type: string | undefined) {
  const others = [
    jobOf(1, 'rtkit-daemon.service', 'restart', '/org/freedesktop/systemd1/unit/rtkit_2ddaemon_2eservice'),
  ];
  return type === undefined ? others : [...others, jobOf(2, 'realtime-broker.service', type, unit)];
}
