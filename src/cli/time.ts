const steps = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** "5 s", "3 min", "2 d": how long ago, in the largest unit that fits. */
export function since(usec: number, nowMsec = Date.now()): string {
  const seconds = Math.max(0, Math.floor(nowMsec / 1000 - usec / 1e6));
  const [unit, size] = steps.find(([, each]) => seconds >= each) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** "200 ms", "2 s", "50 us". */
export const duration = (usec: number | bigint): string => {
  const number = Number(usec);
  if (number % 1_000_000 === 0 && number > 0) return `${number / 1_000_000} s`;
  return number % 1000 === 0 ? `${number / 1000} ms` : `${number} us`;
};

/** "14:03:59" on the wall here. */
export const clockTime = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => `${part}`.padStart(2, '0')).join(':');
