import { openJournal, type Target } from '../../src/journal/journal.ts';

// Says so many lines in the journal, then that it is alive on stdout, once its event loop has turned.
const [target, socketPath, count] = process.argv.slice(2) as [Target, string, string];
const journal = openJournal({ target, level: 'info', socketPath });
for (let index = 0; index < Number(count); index++) journal.warning(`line ${index}`, { uid: 1000 });
setImmediate(() => process.stdout.write('alive'));
