import { demote, grant, release } from './change.ts';
import { config, reload } from './config.ts';
import { explain } from './explain.ts';
import { limits } from './limits.ts';
import { list } from './list.ts';
import { metrics } from './metrics.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { top } from './top.ts';
import type { Verb } from './verb.ts';
import { version } from './version.ts';
import { watch } from './watch.ts';

/** All that the tool can do, in the order in which help and manual tell it. */
export const verbs: readonly Verb[] = [
  status,
  list,
  explain,
  limits,
  grant,
  release,
  demote,
  run,
  watch,
  top,
  config,
  reload,
  metrics,
  version,
];
