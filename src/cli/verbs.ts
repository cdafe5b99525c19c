import { demote, grant, release } from './change.ts';
import { limits } from './limits.ts';
import { list } from './list.ts';
import { status } from './status.ts';
import type { Verb } from './verb.ts';
import { version } from './version.ts';
import { watch } from './watch.ts';

/** All that the tool can do, in the order in which help and manual tell it. */
export const verbs: readonly Verb[] = [status, list, limits, grant, release, demote, watch, version];
