import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout: npm runs every script in it, and a bundle has no other way to know. */
export const root = process.cwd();

export const fromRoot = (...parts: string[]): string => join(root, ...parts);

/** Something `npm run build` makes. @throws if it was not run */
export function built(path: string): string {
  const file = fromRoot(path);
  if (!existsSync(file)) throw new Error(`there is no ${file}: run npm run build, from the checkout`);
  return file;
}
