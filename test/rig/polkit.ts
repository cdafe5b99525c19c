import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import { inNamespaceOf } from './namespace.ts';
import { fromRoot } from './paths.ts';

const program = ['/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd'];
const rtkitAction = 'org.freedesktop.RealtimeKit1.acquire-real-time';

/** A real polkitd on the rig's bus, with our actions and the rules it is given. */
export class Polkit {
  readonly #dir: string;
  readonly #address: string;
  readonly #busPid: number;
  #daemon: Child | undefined;
  #rules = 0;

  constructor(dir: string, address: string, busPid: number) {
    this.#dir = dir;
    this.#address = address;
    this.#busPid = busPid;
    putActions(join(dir, 'actions'));
  }

  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  async start(): Promise<void> {
    const path = program.find((candidate) => existsSync(candidate));
    if (path === undefined) throw new Error('there is no polkitd: run sh test/setup.sh');
    const env = { DBUS_SYSTEM_BUS_ADDRESS: this.#address };
    const command = ['taskset', '--cpu-list', firstCpu(), path];
    this.#daemon = await Child.start('polkitd', inNamespaceOf(this.#busPid, command), { env });
    await this.#daemon.line(/Acquired the name org\.freedesktop\.PolicyKit1/);
    const error = this.#daemon.lines.find((line) => /Error .*\.rules/.test(line));
    if (error !== undefined) throw new Error(error);
  }

  /**
   * A further file of rules, read after those before it, or before all of them. Resolves when polkitd has read it, if polkitd runs.
   * @throws if polkitd cannot make sense of it
   */
  async addRules(text: string, place: 'last' | 'first' = 'last'): Promise<void> {
    const from = this.#daemon?.lines.length ?? 0;
    const number = String(++this.#rules).padStart(2, '0');
    const name = `${place === 'first' ? '00-' : ''}${number}.rules`;
    // Written elsewhere: polkitd looks as soon as it sees a new name, however little is behind it.
    writeFileSync(join(this.#dir, 'fresh.rules'), text);
    renameSync(join(this.#dir, 'fresh.rules'), join(this.#dir, 'rules', name));
    if (!this.#daemon?.alive) return;

    const done = new RegExp(`Error .*${name}|Finished loading, compiling and executing ${this.#rules} rules`);
    const line = await this.#daemon.line(done, { from });
    if (line.includes('Error')) throw new Error(line);
  }

  /** Resolves when no thread of it runs any more. */
  async pause(): Promise<void> {
    const { pid } = this.#running();
    process.kill(pid, 'SIGSTOP');
    while (!stopped(pid)) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  resume(): void {
    process.kill(this.#running().pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = undefined;
  }

  #running(): Child {
    if (this.#daemon === undefined) throw new Error('polkitd does not run');
    return this.#daemon;
  }
}

/**
 * polkitd 122 hands each rule to a thread of its own, and misses it, now and then, when that is done before it listens:
 * then it stands still for 15 s. On one CPU the thread cannot be done so soon.
 */
const firstCpu = (): string =>
  /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';

function stopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((tid) =>
    /^State:\s+T/m.test(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8')),
  );
}

/** Ours; and rtkit's ids, should no file of ours define them, with rtkit's own defaults. */
function putActions(folder: string): void {
  const ours = existsSync(fromRoot('polkit')) ? readdirSync(fromRoot('polkit')) : [];
  const files = ours.filter((name) => name.endsWith('.policy'));
  for (const name of files) copyFileSync(fromRoot('polkit', name), join(folder, name));
  if (files.some((name) => readFileSync(fromRoot('polkit', name), 'utf8').includes(rtkitAction))) return;
  copyFileSync(fromRoot('test/fixtures/rtkit.policy'), join(folder, 'rtkit.policy'));
}
