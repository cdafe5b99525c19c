import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long the machine stands still when a story asks for it. */
const standstillMsec = 3000;

/** A machine of its own, emulated. guest.sh does the work. */
export class Guest implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'guest-'));
  readonly #options: readonly string[];
  #child: ChildProcessWithoutNullStreams | undefined;

  /** @param options of guest.sh */
  constructor(options: Readonly<Record<string, string | number>>) {
    this.#options = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  }

  /** Runs a command in it; does on the way what the command asks the host for. @returns the exit status */
  async run(command: string, hear: (line: string) => void): Promise<number> {
    const child = spawn('test/vm/guest.sh', [...this.#options, '--monitor', this.#monitor, command]);
    this.#child = child;
    child.stdin.on('error', () => {}); // EPIPE: whoever asked has ended meanwhile.
    child.stderr.pipe(process.stderr);
    createInterface(child.stdout).on('line', (line) => {
      if (!line.startsWith('{"please"')) return hear(line);
      void this.#please(JSON.parse(line).please).then(() => child.stdin.write('done\n'));
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 125));
    });
  }

  [Symbol.dispose](): void {
    this.#child?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #monitor(): string {
    return join(this.#folder, 'monitor');
  }

  /**
   * "stop": the hypervisor stops the guest and its clocks. "freeze": it is stopped itself, and the clocks run on. "wake":
   * the answer does it.
   */
  async #please(what: string): Promise<void> {
    switch (what) {
      case 'stop': {
        const monitor = connect(this.#monitor).resume();
        monitor.write('stop\n');
        await sleep(standstillMsec);
        monitor.end('cont\n');
        break;
      }
      case 'freeze': {
        const qemu = Number(readFileSync(`${this.#monitor}.pid`, 'utf8'));
        process.kill(qemu, 'SIGSTOP');
        await sleep(standstillMsec);
        process.kill(qemu, 'SIGCONT');
        break;
      }
      case 'wake':
        await sleep(standstillMsec);
    }
  }
}
