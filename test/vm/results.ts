/** At the end: so many realtime threads of the kernel's own there were, and of those so many run otherwise. */
interface Survey {
  readonly kernelThreads: number;
  readonly changed: number;
}

/** One telling of a story, as test/vm/starve prints it. */
interface Telling {
  readonly story: string;
  /** What killed it; then nothing else is known. */
  readonly crashed?: string;
  readonly hogs: number;
  readonly demoted: readonly { readonly ratio: number }[];
  readonly innocents: readonly unknown[];
  /** The guest stood still for more than the watchdog bears: the times mean nothing, and the story is told again. */
  readonly late: boolean;
  /** Whether what was to happen to the machine did. */
  readonly disturbed: boolean;
  /** Whether all whom the watchdog did not demote are realtime still. */
  readonly kept: boolean;
}

interface Cell {
  readonly story: string;
  readonly cpus: number;
  /** By realtime throttling, or the fair server. */
  readonly protected: boolean;
  readonly tellings: Telling[];
}

/** What came of the stories under one kernel. */
export class Results {
  readonly #cells: Cell[] = [];
  readonly #surveys: (Survey & { readonly cpus: number })[] = [];
  #protected = true;

  /** A line of what a guest with so many CPUs says. @returns whether it counts @throws if it is no JSON */
  hear(cpus: number, line: string): boolean {
    const said: { protected: boolean } | Survey | Telling = JSON.parse(line);
    if ('protected' in said) this.#protected = said.protected;
    else if ('changed' in said) this.#surveys.push({ ...said, cpus });
    else this.#cell(said.story, cpus, this.#protected).tellings.push(said);
    return !('late' in said) || !said.late;
  }

  get told(): number {
    return this.#tellings.length;
  }

  get repeated(): number {
    return this.#tellings.filter(({ late }) => late).length;
  }

  /** Threads that did nothing, demoted while the guest stood still: its kernel takes that time for theirs. */
  get mistaken(): string[] {
    const mistaken = this.#tellings.filter(({ late, innocents }) => late && innocents.length > 0);
    return mistaken.map(({ story, innocents }) => `${story}: ${JSON.stringify(innocents)}`);
  }

  /** A row a story, a column a machine: how long it took, in what the rule waits for. */
  rows(cpus: readonly number[]): string[][] {
    const machines = [true, false].flatMap((isProtected) => cpus.map((count) => [count, isProtected] as const));
    const title = ([count, isProtected]: readonly [number, boolean]) =>
      `${count} CPU${count > 1 ? 's' : ''}${isProtected ? '' : ', bare'}`;
    const stories = [...new Set(this.#cells.map(({ story }) => story))];
    return [
      ['', ...machines.map(title)],
      ...stories.map((story) => [story, ...machines.map((machine) => textOf(this.#find(story, ...machine)))]),
    ];
  }

  /** Of the kernel's own realtime threads, whom nobody may touch. */
  get kernelThreads(): number {
    return this.#surveys.reduce((sum, { kernelThreads }) => sum + kernelThreads, 0);
  }

  /** What was not as it should be, in sentences. */
  faults(runs: number): string[] {
    const touched = this.#surveys.filter(({ kernelThreads, changed }) => kernelThreads === 0 || changed > 0);
    const surveyed = touched.map(
      ({ cpus, kernelThreads, changed }) => `${changed} of ${kernelThreads} kernel threads run otherwise, ${cpus} CPUs`,
    );
    const told = this.#cells.flatMap((cell) => {
      const place = `${cell.story}, ${cell.cpus} CPUs${cell.protected ? '' : ', bare'}`;
      return faultsOf(cell, runs).map((fault) => `${place}: ${fault}`);
    });
    return [...told, ...surveyed];
  }

  get #tellings(): Telling[] {
    return this.#cells.flatMap(({ tellings }) => tellings);
  }

  #find(story: string, cpus: number, isProtected: boolean): Cell | undefined {
    return this.#cells.find((cell) => cell.story === story && cell.cpus === cpus && cell.protected === isProtected);
  }

  #cell(story: string, cpus: number, isProtected: boolean): Cell {
    const known = this.#find(story, cpus, isProtected);
    if (known !== undefined) return known;
    const fresh = { story, cpus, protected: isProtected, tellings: [] };
    this.#cells.push(fresh);
    return fresh;
  }
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  const ratios = cell.tellings
    .filter(({ late, crashed }) => !late && crashed === undefined)
    .flatMap(({ demoted }) => demoted.map(({ ratio }) => ratio));
  if (ratios.length === 0) return 'nobody';
  const [least, greatest] = [Math.min(...ratios).toFixed(2), Math.max(...ratios).toFixed(2)];
  return least === greatest ? least : `${least}–${greatest}`;
}

function faultsOf({ tellings }: Cell, runs: number): string[] {
  const whole = tellings.filter(({ crashed }) => crashed === undefined);
  const inTime = whole.filter(({ late }) => !late);
  const faults = tellings.flatMap(({ crashed }) => (crashed === undefined ? [] : [`it crashed: ${crashed}`]));

  if (inTime.length < runs && faults.length === 0) faults.push('the guest stood still each time');
  if (whole.some(({ kept }) => !kept)) faults.push('a thread lost its priority without a word');
  if (inTime.some(({ disturbed }) => !disturbed)) faults.push('what was to happen to the machine did not');
  for (const { hogs, demoted, innocents } of inTime) {
    if (demoted.length < hogs) faults.push(`${demoted.length} of ${hogs} hogs demoted`);
    if (innocents.length > 0) faults.push(`innocent threads demoted: ${JSON.stringify(innocents)}`);
  }
  return faults;
}
