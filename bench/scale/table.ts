import type { Step } from './step.ts';

/** As Markdown, which people can read, too. */
export function table(steps: readonly Step[]): string {
  const rows: readonly (readonly [name: string, of: (step: Step) => number])[] = [
    ['a grant, p50, ms', ({ grant }) => grant.p50],
    ['p99, ms', ({ grant }) => grant.p99],
    ['of it CPU of the broker, ms', ({ cpu }) => cpu.broker],
    ['CPU of the bus, ms', ({ cpu }) => cpu.bus],
    ['CPU of polkitd, ms', ({ cpu }) => cpu.polkitd],
    ['all connections at once: a grant, p50, ms', ({ crowded }) => crowded.p50],
    ['p99, ms', ({ crowded }) => crowded.p99],
    ['grants a second', ({ crowded }) => crowded.perSec],
    ['a property read, p50, ms', ({ property }) => property.p50],
    ['p99, ms', ({ property }) => property.p99],
    ['ListGrants of everything, p50, ms', ({ list }) => list],
    ['resident memory, MiB', ({ residentMiB }) => residentMiB],
    ['nobody asks: CPU, ms a second', ({ rest }) => rest.cpuMsec],
    ['wake-ups a second', ({ rest }) => rest.wakeups],
  ];
  const head = ['threads held', ...steps.map(({ held }, index) => (index > 0 && held === 0 ? '0 again' : `${held}`))];
  const body = rows.map(([name, of]) => [name, ...steps.map((step) => short(of(step)))]);
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** How much more the most held costs than none. Memory only where all was held that V8 then keeps. */
export function summary(steps: readonly Step[]): string {
  const [none] = steps;
  const most = steps.reduce((one, other) => (other.held > one.held ? other : one));
  if (none === undefined || most.held === 0) return '';
  const times = (of: (step: Step) => number) => (of(most) / of(none)).toFixed(2);
  const kib = ((most.residentMiB - none.residentMiB) * 1024) / most.held;
  return (
    `With ${most.held} threads held a grant takes ${times(({ grant }) => grant.p50)} times as long as with none at p50,` +
    ` ${times(({ grant }) => grant.p99)} times at p99; a property read ${times(({ property }) => property.p50)} times.` +
    ` Each grant takes ${kib.toFixed(1)} KiB.`
  );
}

function short(value: number): string {
  if (Number.isNaN(value)) return '';
  if (value === 0) return '0';
  return value.toFixed(Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));
}
