import { readFileSync } from 'node:fs';
import type { Library } from './library.ts';
import { unlessGone } from './texts.ts';

/** Reads as Node does: for who looks into /proc so seldom that it is not worth loading the C library. */
export const nodeReader: Pick<Library, 'read'> = {
  read(path, bytes) {
    try {
      const text = readFileSync(path).subarray(0, bytes.length);
      bytes.set(text);
      return text.length;
    } catch (fault) {
      return unlessGone('ENOENT', 'ESRCH')(fault);
    }
  },
};
