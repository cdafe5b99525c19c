/** A whole number on the command line. @throws TypeError that says what is wrong */
export function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new TypeError(`--${option}: '${text}' is not a number from ${min} to ${max}`);
}
