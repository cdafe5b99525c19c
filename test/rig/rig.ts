import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aloneOnTheCpu } from './alone.ts';
import { type BrokerOptions, startBroker } from './broker.ts';
import { type BusOptions, startBus } from './bus.ts';
import { Caller } from './caller.ts';
import type { Child } from './child.ts';
import { Client } from './client.ts';
import { type Home, makeHome, startProgram } from './home.ts';
import { Load, type Part } from './load.ts';
import { inNamespaceOf } from './namespace.ts';
import { built, fromRoot } from './paths.ts';
import { startPipeWire } from './pipewire.ts';
import { Polkit } from './polkit.ts';
import { kill, remove, willRemove } from './remains.ts';
import { startRtkit } from './rtkit.ts';
import { startSession } from './session.ts';
import { type UserName, users } from './users.ts';

export interface RigOptions extends Omit<BusOptions, 'services'> {
  /** polkit's rules; the example's for the group realtime, unless given. */
  readonly rules?: string;
  readonly withPolkit?: boolean;
  /** Waits for alone() before anything else is started: polkitd does not bear to be kept waiting by others' loads. */
  readonly alone?: boolean;
  /** What the bus starts on demand: bus name to command line. */
  readonly services?: (place: { readonly address: string; readonly dir: string }) => Readonly<Record<string, string>>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A bus like the system's, a real polkitd, and users, all of it the rig's own. */
export class Rig {
  readonly dir: string;
  readonly address: string;
  readonly users = users;
  readonly #bus: Child;
  readonly #polkit: Polkit;
  #alone: Promise<Child> | undefined;
  readonly #guests: { stop(): Promise<unknown> }[] = [];

  constructor(dir: string, address: string, bus: Child) {
    this.dir = dir;
    this.address = address;
    this.#bus = bus;
    this.#polkit = new Polkit(dir, address, bus.pid);
  }

  get busPid(): number {
    return this.#bus.pid;
  }

  get polkitPid(): number | undefined {
    return this.#polkit.pid;
  }

  addRules = (text: string, place?: 'last' | 'first'): Promise<void> => this.#polkit.addRules(text, place);
  startPolkit = (): Promise<void> => this.#polkit.start();
  stopPolkit = (): Promise<void> => this.#polkit.stop();
  pausePolkit = (): Promise<void> => this.#polkit.pause();
  resumePolkit = (): void => this.#polkit.resume();

  startBroker = (options: BrokerOptions = {}): Promise<Child> => this.#host(startBroker(this, options));
  startRtkit = (...args: string[]): Promise<Child> => this.#host(startRtkit(this, args));
  startPipeWire = (home: Home = this.makeHome()) => this.#host(startPipeWire(this, home));
  startClient = (name: string, user: UserName = 'alice') => this.#host(Client.start(this, name, users[user]));
  startSession = (user: UserName = 'alice') => this.#host(startSession(this, users[user]));
  makeHome = (user: UserName = 'alice'): Home => makeHome(this, users[user]);
  /** Any program of the machine, run by the user of that home. */
  startProgram = (home: Home, ...command: string[]): Promise<Child> => this.#host(startProgram(this, home, command));
  spawnCaller = (user: UserName = 'alice'): Promise<Caller> =>
    this.#host(Caller.start(this.dir, this.address, users[user]));

  /** Threads that burn when they are told to; see Load.start. From the first one on no other run has any. */
  async spawnLoad(limitMsec: number, parts: readonly Part[], user: UserName = 'alice'): Promise<Load> {
    await this.alone();
    return await this.#host(Load.start(this.dir, this.address, users[user], limitMsec, parts));
  }

  /** May wait for other runs' loads, and longer than a test may: so best before the tests. */
  async alone(): Promise<void> {
    this.#alone ??= this.#host(aloneOnTheCpu());
    await this.#alone;
  }

  busctl = (args: readonly string[], user: UserName = 'root'): Promise<Ran> => this.#run('busctl', args, user);
  /** Say --system: that is the rig's bus. */
  gdbus = (args: readonly string[], user: UserName = 'root'): Promise<Ran> => this.#run('gdbus', args, user);
  rtkitctl = (option: string, user: UserName = 'root'): Promise<Ran> => this.#run('rtkitctl', [option], user);

  /** The administrator's tool, where the rig's users have names. */
  rtbroker = (args: readonly string[], user: UserName = 'root', env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    const [program = '', ...words] = inNamespaceOf(this.busPid, [...this.tool, ...args], users[user]);
    return this.#run(program, words, 'root', env);
  };

  /** Its command line, from a copy that anybody may read: the checkout may lie in a closed home. */
  get tool(): readonly string[] {
    for (const file of ['rtbroker.js', 'rtbroker-run'])
      if (!existsSync(join(this.dir, file))) copyFileSync(built(`dist/${file}`), join(this.dir, file));
    return [process.execPath, join(this.dir, 'rtbroker.js')];
  }

  /** @throws with all it said, when the program dies before it owns them */
  async untilOwned(owner: Child, names: readonly string[], timeoutMsec = 10_000): Promise<void> {
    if (names.length === 0) return;
    const watcher = await Caller.start(this.dir, this.address, users.root);
    const died = owner.exited.then(() => Promise.reject(new Error(owner.epitaph('died at its start'))));
    const owned = Promise.all(names.map((name) => watcher.awaitName(name, owner.pid, timeoutMsec)));
    try {
      await Promise.race([owned, died]);
    } catch (fault) {
      await owner.stop();
      throw owner.alive ? new Error(owner.epitaph(`did not take ${names.join(' and ')}`), { cause: fault }) : fault;
    } finally {
      died.catch(() => {});
      owned.catch(() => {});
      watcher.kill();
    }
  }

  /** Ends everything that was started here, and nothing else. */
  async stop(): Promise<void> {
    const activated = this.#bus.alive ? childrenOf(this.busPid) : [];
    await Promise.all([...this.#guests, this.#polkit].map((guest) => guest.stop()));
    for (const pid of activated) kill(pid, 'SIGTERM');
    await this.#bus.stop();
    for (const pid of activated) kill(pid, 'SIGKILL');
    remove(this.dir);
  }

  [Symbol.asyncDispose] = (): Promise<void> => this.stop();

  async #host<Guest extends { stop(): Promise<unknown> }>(starting: Promise<Guest>): Promise<Guest> {
    const guest = await starting;
    this.#guests.push(guest);
    return guest;
  }

  #run(program: string, args: readonly string[], user: UserName, more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const { uid, gid } = users[user];
    const env = { PATH: process.env.PATH, LC_ALL: 'C', DBUS_SYSTEM_BUS_ADDRESS: this.address, ...more };
    return new Promise((resolve) =>
      execFile(program, args, { env, uid, gid, cwd: '/', timeout: 60_000 }, (fault, stdout, stderr) =>
        resolve({ code: fault === null ? 0 : typeof fault.code === 'number' ? fault.code : -1, stdout, stderr }),
      ),
    );
  }
}

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  if (process.getuid?.() !== 0) throw new Error('the rig needs root: it starts daemons for several users');
  const dir = mkdtempSync(join(tmpdir(), 'realtime-broker-'));
  willRemove(dir);
  chmodSync(dir, 0o755);
  const address = `unix:path=${dir}/bus`;

  const services = options.services?.({ address, dir }) ?? {};
  const rig = new Rig(dir, address, await startBus(dir, { ...options, services }));
  try {
    if (options.alone) await rig.alone();
    await rig.addRules(options.rules ?? readFileSync(fromRoot('polkit/50-realtime-broker-example.rules'), 'utf8'));
    if (options.withPolkit ?? true) await rig.startPolkit();
  } catch (fault) {
    await rig.stop();
    throw fault;
  }
  return rig;
}

/** What the bus has activated. */
function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
