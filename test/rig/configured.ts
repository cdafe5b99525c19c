import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFace, type Reply } from './caller.ts';
import { dataOf, Stage } from './stage.ts';

/** Nobody is to ask too often. */
const patience = '[burst]\nprocess_requests = 10_000\nuser_requests = 10_000\n';

/** A file and its drop-ins, by their names. */
export interface Written {
  readonly main?: string;
  readonly dropIns?: Readonly<Record<string, string>>;
}

/** A stage whose broker goes by files that a test can change. */
export class Configured {
  readonly stage: Stage;
  readonly file: string;
  readonly #dir: string;

  private constructor(stage: Stage, dir: string, file: string) {
    this.stage = stage;
    this.#dir = dir;
    this.file = file;
  }

  static async start(written: Written = {}): Promise<Configured> {
    const dir = mkdtempSync(join(tmpdir(), 'configured-'));
    chmodSync(dir, 0o755);
    const file = join(dir, 'broker.toml');
    mkdirSync(`${file}.d`);
    write(file, written);
    try {
      return new Configured(await Stage.start({}, {}, { args: ['--config', file] }), dir, file);
    } catch (fault) {
      rmSync(dir, { recursive: true });
      throw fault;
    }
  }

  /** Where a drop-in lies, or lay. */
  dropIn(name: string): string {
    return join(`${this.file}.d`, name);
  }

  /** What is not written is there no more; nothing reads it yet. */
  write(written: Written): void {
    write(this.file, written);
  }

  /** Root has the broker read what is written. */
  async reload(written: Written): Promise<Reply> {
    this.write(written);
    return await this.stage.root.call(ownFace, 'Reload');
  }

  /** The same, and the broker likes it. */
  async configure(written: Written): Promise<void> {
    dataOf(await this.reload(written));
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    rmSync(this.#dir, { recursive: true });
  }
}

function write(file: string, { main = '', dropIns = {} }: Written): void {
  writeFileSync(file, `${main}\n${patience}`);
  rmSync(`${file}.d`, { recursive: true });
  mkdirSync(`${file}.d`);
  for (const [name, text] of Object.entries(dropIns)) writeFileSync(join(`${file}.d`, name), text);
}
