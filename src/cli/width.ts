/** How many columns a text takes on a terminal: marks take none, and East Asian letters and pictures two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += widthOfChar(char);
  return width;
}

/** As much of the beginning as fits into so many columns, with a sign that something is missing. */
export function fitted(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let shown = '';
  let left = columns - 1;
  for (const char of text) {
    left -= widthOfChar(char);
    if (left < 0) break;
    shown += char;
  }
  return `${shown}…`;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const widthOfChar = (char: string): number => (/\p{M}/u.test(char) ? 0 : wide.test(char) ? 2 : 1);
