/** The candidate a slip of the finger or of memory away, if there is one. */
export function nearest<Candidate extends string>(
  word: string,
  candidates: readonly Candidate[],
): Candidate | undefined {
  const plain = spelled(word);
  let best: Candidate | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    // Most are told apart by their length alone: cheap, however many unknown words a file holds.
    if (Math.abs(plain.length - candidate.length) > slipsMax(candidate)) continue;
    const slips = distance(plain, candidate);
    if (slips <= slipsMax(candidate) && slips < least) [best, least] = [candidate, slips];
  }
  return best;
}

const slipsMax = (candidate: string): number => Math.max(1, Math.floor(candidate.length / 4));

/** camelCase and kebab-case are habits from elsewhere, not mistakes in every word. */
const spelled = (word: string): string =>
  word
    .slice(0, 100)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();

/** How many letters must be put in, taken out, replaced or swapped with the next one (optimal string alignment). */
function distance(from: string, to: string): number {
  let twoAbove: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swaps = row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = swaps ? twoAbove[column - 2]! + 1 : replaced;
      current.push(Math.min(replaced, swapped, above[column]! + 1, current[column - 1]! + 1));
    }
    [twoAbove, above] = [above, current];
  }
  return above[to.length]!;
}
