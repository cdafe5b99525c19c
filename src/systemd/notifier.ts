import { constants } from 'node:os';

/** Unix datagrams, sent without waiting. Each answers 0 or more, or -errno. */
export interface Datagrams {
  openSocket(): number;
  addressOf(path: string): Uint8Array;
  send(fd: number, data: Uint8Array, to: Uint8Array): number;
}

/** What a service manager tells a service; sd_notify(3), sd_watchdog_enabled(3). */
export interface Environment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

export interface Totals {
  readonly threads: number;
  readonly processes: number;
  readonly users: number;
}

/** A service manager that is behind with reading is tried again after this time. */
const retryMsec = 100;
const waitingMax = 16;

/** The status is for people, and each one wakes the service manager. */
const statusMsec = 1000;

/**
 * Tells the service manager how we are. Without one nothing happens. Nothing waits for it, and at rest nothing wakes but
 * the watchdog's ping, which a timer of the event loop sends: so it says that the loop turns, and not only that we live.
 */
export class Notifier {
  readonly #datagrams: Datagrams;
  readonly #address: Uint8Array | undefined;
  readonly #waiting: string[] = [];
  #fd = -1;
  #retry: NodeJS.Timeout | undefined;
  #status = '';
  #statusTimer: NodeJS.Timeout | undefined;

  /** @throws RangeError when no socket can have the name it is told */
  constructor(datagrams: Datagrams, environment: Environment) {
    this.#datagrams = datagrams;
    const { NOTIFY_SOCKET: path } = environment;
    if (!path) return;
    this.#address = datagrams.addressOf(path);
    const pingMsec = Math.floor(watchdogMsec(environment) / 2);
    if (pingMsec > 0) setInterval(() => this.#send('WATCHDOG=1'), pingMsec);
  }

  ready(): void {
    this.#tell('READY=1');
  }

  /** To be followed by `ready`. */
  reloading(): void {
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  /** What is out, as a line for people. Of many in a row the last is told. */
  status({ threads, processes, users }: Totals): void {
    const status = `Threads granted: ${threads} (processes: ${processes}, users: ${users}).`;
    if (this.#address === undefined || status === this.#status) return;
    this.#status = status;
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = undefined;
      this.#tell(`STATUS=${this.#status}`);
    }, statusMsec).unref();
  }

  #tell(message: string): void {
    if (this.#waiting.length >= waitingMax) this.#waiting.shift();
    this.#waiting.push(message);
    if (this.#retry === undefined) this.#flush();
  }

  #flush(): void {
    this.#retry = undefined;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#send(first)) {
        this.#retry = setTimeout(() => this.#flush(), retryMsec).unref();
        return;
      }
      this.#waiting.shift();
    }
  }

  /** @returns false: to be sent later */
  #send(message: string): boolean {
    if (this.#address === undefined) return true;
    if (this.#fd < 0) this.#fd = this.#datagrams.openSocket();
    // Out of descriptors; or the socket is full.
    if (this.#fd < 0) return false;
    return this.#datagrams.send(this.#fd, Buffer.from(message), this.#address) !== -constants.errno.EAGAIN;
  }
}

/** 0: nobody expects a ping. */
function watchdogMsec({ WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid }: Environment): number {
  if (pid && pid !== String(process.pid)) return 0;
  return /^\d{1,15}$/.test(usec) ? Number(usec) / 1000 : 0;
}
