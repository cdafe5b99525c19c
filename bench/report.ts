import { type Row, ratios, type Spread, spread } from './results.ts';

/** As a table for people: of every figure the median over the rounds, and (least–greatest). */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.name,
    row.unit,
    cell(row.values.rtkit),
    cell(row.values.broker),
    cell(ratios(row, 'broker')),
    cell(row.values.remembering),
    cell(ratios(row, 'remembering')),
    cell(row.values.floor),
  ]);
  return columns([['', '', 'rtkit', 'broker', 'broker/rtkit', 'remembering', 'remembering/rtkit', 'floor'], ...lines]);
}

/** The promise about 16 MB messages is about the difference, in one run, of the broker and a sink that only reads. */
export function bigMessageVerdict(rows: readonly Row[]): string | undefined {
  const excesses = rows
    .filter(({ name }) => /^bigmessage .* bystander$/.test(name) && !name.includes('none'))
    .map(({ name, values }) => ({ name, excess: spread(values.broker).median - spread(values.floor).median }))
    .filter(({ excess }) => !Number.isNaN(excess));
  if (excesses.length === 0) return undefined;
  const each = excesses.map(({ name, excess }) => `${name.split(' ')[1]} ${excess.toFixed(1)}`).join(', ');
  return `A 16 MB message to the broker delays a bystander by this much more than one to the sink, in ms: ${each}.`;
}

export const summary = (row: Row) => ({
  ...row,
  medians: Object.fromEntries(Object.entries(row.values).map(([subject, values]) => [subject, spread(values)])),
  ratios: { broker: spread(ratios(row, 'broker')), remembering: spread(ratios(row, 'remembering')) },
});

function cell(values: readonly number[]): string {
  if (values.length === 0) return '-';
  const { median, min, max }: Spread = spread(values);
  return values.length === 1 ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** Three digits that count. */
function short(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(3, decimals));
}

function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const pad = (text: string, column: number) => text.padEnd(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
