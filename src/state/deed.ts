import type { Grant } from '../core/ledger.ts';
import type { Deed } from '../core/legacy.ts';
import { type Attributes, policies, type Scheduling } from '../core/scheduling.ts';
import type { Pid, Process, StartTime, Tid, Uid } from '../core/thread.ts';
import { Plain } from './plain.ts';

const kinds = [
  'intended',
  'kept',
  'withdrawn',
  'granted',
  'demoted',
  'restored',
  'leaving',
  'ended',
  'offended',
] as const;
const schedulingKinds = ['realtime', 'high-priority'] as const;

/** PID_MAX_LIMIT of 64-bit Linux. */
const idMax = 4_194_304;
const uidMax = 0xffff_fffe;

/** A deed as JSON can have it: without bigints. */
export function plainOf(deed: Deed): object {
  switch (deed.kind) {
    case 'intended':
      return { kind: deed.kind, ...plainGrant(deed.grant), before: deed.before };
    case 'granted':
      return { kind: deed.kind, ...plainGrant(deed.grant) };
    case 'offended':
      return { kind: deed.kind, process: plainProcess(deed.process), ...deed.conduct };
    default:
      return deed;
  }
}

/** @throws Unfit when it is no deed */
export function parseDeed(value: unknown): Deed {
  const plain = new Plain(value);
  const kind = plain.word('kind', kinds);
  switch (kind) {
    case 'intended':
      return { kind, grant: parseGrant(plain), before: parseAttributes(plain.object('before')) };
    case 'granted':
      return { kind, grant: parseGrant(plain) };
    case 'offended':
      return {
        kind,
        process: parseProcess(plain.object('process')),
        conduct: {
          untilMsec: plain.number('untilMsec'),
          offences: plain.integer('offences', 1, Number.MAX_SAFE_INTEGER),
        },
      };
    case 'demoted':
      return { kind, key: plain.text('key'), reason: plain.text('reason') };
    default:
      return { kind, key: plain.text('key') };
  }
}

const plainProcess = ({ pid, starttime, uid }: Process) => ({ pid, starttime: `${starttime}`, uid });

const plainGrant = ({ thread, scheduling, former, comm, program, grantedAtUsec }: Grant) => ({
  tid: thread.tid,
  starttime: `${thread.starttime}`,
  process: plainProcess(thread.process),
  scheduling,
  former,
  comm,
  program,
  grantedAtUsec: `${grantedAtUsec}`,
});

const parseGrant = (plain: Plain): Grant => ({
  thread: {
    tid: plain.integer('tid', 1, idMax) as Tid,
    starttime: plain.bigint('starttime') as StartTime,
    process: parseProcess(plain.object('process')),
  },
  scheduling: parseScheduling(plain.object('scheduling')),
  former: parseAttributes(plain.object('former')),
  comm: plain.text('comm'),
  program: plain.text('program'),
  grantedAtUsec: plain.bigint('grantedAtUsec'),
});

const parseProcess = (plain: Plain): Process => ({
  pid: plain.integer('pid', 1, idMax) as Pid,
  starttime: plain.bigint('starttime') as StartTime,
  uid: plain.integer('uid', 0, uidMax) as Uid,
});

function parseScheduling(plain: Plain): Scheduling {
  const kind = plain.word('kind', schedulingKinds);
  return kind === 'realtime'
    ? { kind, priority: plain.integer('priority', 1, 99) }
    : { kind, nice: plain.integer('nice', -20, 19) };
}

const parseAttributes = (plain: Plain): Attributes => ({
  policy: plain.word('policy', policies),
  priority: plain.integer('priority', 0, 99),
  nice: plain.integer('nice', -20, 19),
  resetOnFork: plain.boolean('resetOnFork'),
});
