import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { manual as ofTheInterface } from '../bus/manual.ts';
import { bashCompletion } from '../cli/completion.ts';
import { manual as ofTheTool } from '../cli/manual.ts';
import { verbs } from '../cli/verbs.ts';
import { manual as ofTheSettings } from '../config/manual.ts';

/** Writes what is made from tables: the build runs it. usage: manual DIRECTORY */
const [, , directory = 'dist'] = process.argv;
const files: Readonly<Record<string, string>> = {
  'man/rtbroker.1': ofTheTool(verbs),
  'man/realtime-broker.toml.5': ofTheSettings(),
  'man/org.example.RealtimeBroker.5': ofTheInterface(),
  'completion/rtbroker': bashCompletion(verbs),
};
for (const folder of ['man', 'completion']) mkdirSync(`${directory}/${folder}`, { recursive: true });
for (const [file, text] of Object.entries(files)) writeFileSync(`${directory}/${file}`, text);
copyFileSync('systemd/realtime-brokerd.8', `${directory}/man/realtime-brokerd.8`);
