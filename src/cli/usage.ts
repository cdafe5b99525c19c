import type { GrantRow } from './grant.ts';
import type { Threads } from './threads.ts';

/** A granted thread, and what it used since the last look. */
export interface Use {
  readonly grant: GrantRow;
  /** Of one CPU; undefined at the first look. */
  readonly cpu: number | undefined;
  /** CPU time between two sleeps, of its RLIMIT_RTTIME; undefined when there is none, or it cannot be known. */
  readonly rttime: number | undefined;
}

interface Seen {
  readonly atMsec: number;
  readonly cpuUsec: number;
  readonly sleeps: number | undefined;
  /** CPU time at its last sleep, as far as was seen. */
  readonly awakeSinceUsec: number;
}

/** What threads use between two looks. */
export class Usage {
  #seen = new Map<string, Seen>();

  look(grants: readonly GrantRow[], threads: Threads, nowMsec: number): readonly Use[] {
    const seen = new Map<string, Seen>();
    const uses = grants.map((grant) => {
      const key = `${grant.process}/${grant.thread}/${grant.grantedAtUsec}`;
      const { use, now } = this.#compare(grant, this.#seen.get(key), threads, nowMsec);
      seen.set(key, now);
      return use;
    });
    this.#seen = seen;
    return uses;
  }

  #compare(
    grant: GrantRow,
    before: Seen | undefined,
    threads: Threads,
    nowMsec: number,
  ): { readonly use: Use; readonly now: Seen } {
    const running = threads.look(grant);
    const cpuUsec = grant.cpuUsec ?? 0;
    const now = { atMsec: nowMsec, cpuUsec, sleeps: running?.sleeps, awakeSinceUsec: cpuUsec };
    if (before === undefined || nowMsec <= before.atMsec)
      return { use: { grant, cpu: undefined, rttime: undefined }, now };

    const cpu = (cpuUsec - before.cpuUsec) / 1000 / (nowMsec - before.atMsec);
    const slept = (running?.sleeps ?? 0) - (before.sleeps ?? 0);
    // Who has not slept since is awake for longer than this look knows of.
    const awakeUsec = slept > 0 ? (cpuUsec - before.cpuUsec) / slept : cpuUsec - before.awakeSinceUsec;
    const limit = running?.rttimeUsec;
    const isRealtime = grant.kind === 'realtime' && limit !== undefined && limit !== 'unlimited';
    return {
      use: { grant, cpu, rttime: isRealtime ? awakeUsec / Number(limit) : undefined },
      now: slept > 0 ? now : { ...now, awakeSinceUsec: before.awakeSinceUsec },
    };
  }
}
