import type { OpenJournal } from './journal.ts';

type Level = 'debug' | 'info' | 'warning' | 'error';

/**
 * The same journal, told at the end of this turn of the event loop: who waits for an answer does not wait until it stands
 * in the journal, too. Disposing of it tells what is still to be told.
 */
export function later(journal: OpenJournal): OpenJournal {
  let untold: (() => void)[] = [];
  const tell = () => {
    const entries = untold;
    untold = [];
    for (const entry of entries) entry();
  };
  const at =
    (level: Level): OpenJournal[Level] =>
    (text, fields) => {
      if (untold.length === 0) setImmediate(tell);
      untold.push(() => journal[level](text, fields));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    setLevel: (level) => journal.setLevel(level),
    [Symbol.dispose]: () => {
      tell();
      journal[Symbol.dispose]();
    },
  };
}
