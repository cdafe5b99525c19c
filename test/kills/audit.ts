import { type Caller, ownFace } from '../rig/caller.ts';
import { type Look, looks } from '../rig/kernel.ts';
import type { Asker, Due } from './asker.ts';

/** What was found wrong, each in a sentence. */
export interface Findings {
  /** A reply said it was granted, or it is realtime, and the broker does not list it. */
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** It is realtime, and the broker does not say that it is by a grant that holds. */
  readonly unsupervised: readonly string[];
  /** It has something else than it was told. */
  readonly other: readonly string[];
}

interface Listed {
  readonly tid: number;
  readonly state: string;
  readonly granted: Due;
}

/** Compares what the askers were told, what the broker says and what the kernel does. Nobody may be asking meanwhile. */
export async function audit(root: Caller, askers: readonly Asker[]): Promise<Findings> {
  const listed = await list(root);
  const byTid = new Map(listed.map((each) => [each.tid, each]));
  const due = new Map(askers.flatMap((asker) => [...asker.due]));
  const found = { lost: [] as string[], twice: [] as string[], unsupervised: [] as string[], other: [] as string[] };

  if (byTid.size < listed.length) found.twice.push(`${listed.length} grants are listed for ${byTid.size} threads`);
  for (const asker of askers) {
    const namesakes = askers.filter(({ caller }) => caller.user === asker.caller.user);
    found.twice.push(
      ...(await miscounted(asker.caller, new Set(namesakes.flatMap(({ due }) => [...due.keys()])), listed)),
    );
  }
  for (const thread of looks([...due.keys()])) {
    const grant = byTid.get(thread.tid);
    const told = due.get(thread.tid) ?? 'unsure';
    const story = `thread ${thread.tid} was told ${JSON.stringify(told)}, is listed as ${JSON.stringify(grant)}, and runs ${describe(thread)}`;
    const isPrivileged = thread.policy === 'rr' || thread.nice < 0;
    if (grant === undefined && (isPrivileged || typeof told === 'object')) found.lost.push(story);
    if (isPrivileged && thread.resetOnFork && grant?.state !== 'active') found.unsupervised.push(story);
    if (grant !== undefined && !(isAlike(told, grant.granted) && runsAs(thread, told))) found.other.push(story);
  }
  return found;
}

/** Places taken that no thread has would be taken for ever. */
async function miscounted(caller: Caller, tids: ReadonlySet<number>, listed: readonly Listed[]): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const [limits] = dataOf(await caller.call(ownFace, 'GetLimits')) as [Record<string, { data: number }>];
    const used = (limits.RealtimeThreadsUsed?.data ?? 0) + (limits.HighPriorityThreadsUsed?.data ?? 0);
    const own = listed.filter(({ tid }) => tids.has(tid)).length;
    if (used === own) return [];
    // Of a thread that has just ended the broker hears a moment later.
    if (attempt === 100) return [`${caller.user.name} has ${own} grants and ${used} places`];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function list(root: Caller): Promise<readonly Listed[]> {
  const [grants] = dataOf(await root.call(ownFace, 'ListGrants')) as [Record<string, { data: unknown }>[]];
  return grants.map(({ Thread, State, Priority, Nice }) => ({
    tid: Number(Thread?.data),
    state: String(State?.data),
    granted: Priority === undefined ? { nice: Number(Nice?.data) } : { policy: 'rr', priority: Number(Priority.data) },
  }));
}

const isAlike = (told: Due, granted: Due): boolean =>
  told === 'unsure' || JSON.stringify(told) === JSON.stringify(granted);

function runsAs({ policy, priority, nice }: Look, told: Due): boolean {
  if (typeof told === 'string') return true;
  return 'nice' in told
    ? policy === 'other' && nice === told.nice
    : policy === told.policy && priority === told.priority;
}

const describe = ({ policy, priority, nice, resetOnFork }: Look): string =>
  `${policy} ${priority}, nice ${nice}${resetOnFork ? ', reset on fork' : ''}`;

function dataOf(reply: Awaited<ReturnType<Caller['call']>>): readonly unknown[] {
  if (!reply.ok) throw new Error(`${reply.error}: ${reply.text}`);
  return reply.data;
}
