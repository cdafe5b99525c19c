import { readFileSync } from 'node:fs';
import { connectBus } from '../../src/bus/connect.ts';
import type { Connection } from '../../src/bus/connection.ts';
import type { Frame } from '../../src/bus/frames.ts';
import { readBody } from '../../src/bus/wire.ts';
import type { Caller } from './caller.ts';

const policyKit1 = 'org.freedesktop.PolicyKit1';
const authority = {
  destination: policyKit1,
  path: `/${policyKit1.replaceAll('.', '/')}/Authority`,
  interface: `${policyKit1}.Authority`,
};
const path = '/agent';

/**
 * An authentication agent for one process, as pkttyagent(1) is one, and the person in front of it. Its part of setting the
 * password right is played by root, as polkit's helper does.
 */
export class Agent {
  /** What a person does who is asked: types the password, closes the dialog, or is not there. */
  person: 'types' | 'closes' | 'sleeps' = 'types';
  /** The actions that a dialog came up for. */
  readonly asked: string[] = [];
  readonly #connection: Connection;
  readonly #uid: number;

  private constructor(connection: Connection, uid: number) {
    this.#connection = connection;
    this.#uid = uid;
    connection.onCall = (call) => void this.#hear(call);
  }

  static async start(address: string, { pid, user }: Caller): Promise<Agent> {
    const connection = await connectBus(address);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const starttime = BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '');
    const subject = [
      'unix-process',
      [
        ['pid', ['u', pid]],
        ['start-time', ['t', starttime]],
        ['uid', ['i', user.uid]],
      ],
    ];
    const register = { ...authority, member: 'RegisterAuthenticationAgent' };
    await connection.call(register, '(sa{sv})ss', [subject, 'C', path], '');
    return new Agent(connection, user.uid);
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.#connection.closed;
  }

  async #hear(call: Frame): Promise<void> {
    const done = () => this.#connection.reply(call, '', []);
    if (call.fields.member !== 'BeginAuthentication') return done();
    const [action, , , , cookie] = readBody(call, 'sssa{ss}sa(sa{sv})') as readonly unknown[];
    this.asked.push(String(action));
    if (this.person === 'sleeps') return;
    if (this.person === 'types') {
      const identity = ['unix-user', [['uid', ['u', this.#uid]]]];
      const respond = { ...authority, member: 'AuthenticationAgentResponse2' };
      await this.#connection.call(respond, 'us(sa{sv})', [0, cookie, identity], '');
    }
    done();
  }
}
