import type { Step } from './step.ts';

interface Line {
  readonly name: string;
  readonly of: (step: Step) => number;
}

interface Panel {
  readonly title: string;
  /** Of the upright axis. */
  readonly unit: string;
  readonly lines: readonly Line[];
}

const panels: readonly Panel[] = [
  {
    title: 'A grant, one after the other',
    unit: 'ms',
    lines: [
      { name: 'p50', of: ({ grant }) => grant.p50 },
      { name: 'p99', of: ({ grant }) => grant.p99 },
    ],
  },
  {
    title: 'A grant, all connections at once',
    unit: 'ms',
    lines: [
      { name: 'p50', of: ({ crowded }) => crowded.p50 },
      { name: 'p99', of: ({ crowded }) => crowded.p99 },
    ],
  },
  {
    title: 'A property read',
    unit: 'ms',
    lines: [
      { name: 'p50', of: ({ property }) => property.p50 },
      { name: 'p99', of: ({ property }) => property.p99 },
    ],
  },
  { title: 'ListGrants of everything', unit: 'ms', lines: [{ name: 'p50', of: ({ list }) => list }] },
  { title: 'Resident memory', unit: 'MiB', lines: [{ name: 'RSS', of: ({ residentMiB }) => residentMiB }] },
  {
    title: 'CPU while nobody asks',
    unit: 'ms a second',
    lines: [{ name: 'broker', of: ({ rest }) => rest.cpuMsec }],
  },
];

const [width, height] = [360, 230];
const plot = { left: 58, right: 44, top: 34, bottom: 44 };
const across = 2;

/** Legible on white and on black: it brings its own ground, which goes by what the reader prefers. */
const style = `
  .ground { fill: #ffffff } text { fill: #24292f; font: 12px system-ui, sans-serif } .title { font-weight: 600 }
  .axis { stroke: #57606a } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 }
  .a { stroke: #0969da; fill: #0969da } .b { stroke: #bc4c00; fill: #bc4c00 } text.a, text.b { stroke: none }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #8b949e } .grid { stroke: #30363d }
    .a { stroke: #58a6ff; fill: #58a6ff } .b { stroke: #ffa657; fill: #ffa657 }
  }
  .line.a, .line.b, .ring { fill: none; stroke-width: 1.5 }`;

/**
 * The curves, as SVG. Steps without a figure are left out; what was measured when all were gone again is a ring, and on no curve.
 */
export function picture(steps: readonly Step[], caption: string): string {
  const rows = Math.ceil(panels.length / across);
  const [w, h] = [across * width, rows * height + 26];
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % across) * width, Math.floor(index / across) * height];
    return `<g transform="translate(${x} ${y})">${draw(panel, steps)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img">
<title>What the broker's work costs, by the number of threads held</title>
<style>${style}</style>
<rect class="ground" width="${w}" height="${h}"/>
${drawn.join('\n')}
${text(w / 2, h - 10, 'middle', `${caption}. Rings: when all were gone again.`)}
</svg>
`;
}

function draw({ title, unit, lines }: Panel, steps: readonly Step[]): string {
  const values = lines.flatMap(({ of }) => steps.map(of)).filter(Number.isFinite);
  const [right, top] = [ceiling(Math.max(...steps.map(({ held }) => held))), ceiling(Math.max(...values))];
  const x = (held: number) => plot.left + (held / right) * (width - plot.left - plot.right);
  const y = (value: number) => height - plot.bottom - (value / top) * (height - plot.top - plot.bottom);

  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const upright = ticks.map(
    (part) =>
      `<path class="${part === 0 ? 'axis' : 'grid'}" d="M${x(0)} ${round(y(part * top))}H${round(x(right))}"/>` +
      text(x(0) - 6, y(part * top) + 4, 'end', number(part * top)),
  );
  const level = ticks.map((part) => text(x(part * right), y(0) + 17, 'middle', number(part * right)));
  return [
    text(x(0), 18, 'start', `${title}, ${unit}`, 'title'),
    ...upright,
    ...level,
    text((x(0) + x(right)) / 2, height - 8, 'middle', 'threads held'),
    ...lines.map((line, index) => curve(line, index === 0 ? 'a' : 'b', steps, x, y)),
  ].join('');
}

type Scale = (value: number) => number;

function curve({ name, of }: Line, colour: string, steps: readonly Step[], x: Scale, y: Scale): string {
  const isAgain = (step: Step) => step.held === 0 && step !== steps[0];
  const pointsOf = (some: readonly Step[]) =>
    some.filter((step) => Number.isFinite(of(step))).map((step) => [round(x(step.held)), round(y(of(step)))] as const);
  const points = pointsOf(steps.filter((step) => !isAgain(step)));
  const [lastX, lastY] = points.at(-1) ?? [0, 0];
  const dots = [
    ...points.map(([cx, cy]) => `<circle class="${colour}" cx="${cx}" cy="${cy}" r="2.5"/>`),
    ...pointsOf(steps.filter(isAgain)).map(
      ([cx, cy]) => `<circle class="ring ${colour}" cx="${cx}" cy="${cy}" r="4"/>`,
    ),
  ].join('');
  const path = points.map((point) => point.join(' ')).join('L');
  return `<path class="line ${colour}" d="M${path}"/>${dots}${text(lastX + 6, lastY + 4, 'start', name, colour)}`;
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', content: string, of?: string): string {
  const name = of === undefined ? '' : ` class="${of}"`;
  return `<text${name} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The next number that looks well cut into four. */
function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((digit) => digit * power >= value) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const number = (value: number): string => `${Number(value.toPrecision(3))}`;
