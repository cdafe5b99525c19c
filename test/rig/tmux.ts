import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A real terminal, with one program in it. */
export class Tmux {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** When the program is over, the terminal still shows what it said last, and " <its exit status>". */
  static start(
    dir: string,
    columns: number,
    rows: number,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Tmux {
    const tmux = new Tmux(join(dir, `tmux-${columns}-${++count}`));
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const line = [...['env', ...variables], ...command].map((word) => `'${word}'`).join(' ');
    tmux.#run(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      // What Ctrl-C does to the program it shall not do to the shell around it.
      `trap : INT; ${line}; echo " <$?>"; exec sleep 60`,
    );
    return tmux;
  }

  /** @param escapes with colours, as escape sequences */
  screen(escapes = false): string {
    return this.#run('capture-pane', '-p', ...(escapes ? ['-e'] : []));
  }

  type(keys: string): void {
    this.#run('send-keys', keys);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  stop(): void {
    this.#run('kill-server');
  }

  #run(...args: readonly string[]): string {
    return execFileSync('tmux', ['-u', '-S', this.#socket, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' },
    });
  }
}

let count = 0;
