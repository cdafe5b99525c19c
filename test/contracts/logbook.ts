import { expect, test } from 'vitest';
import type { Grant } from '../../src/core/ledger.ts';
import type { Deed, Legacy } from '../../src/core/legacy.ts';
import { ordinary } from '../../src/core/scheduling.ts';
import { keyOf, type Pid, type StartTime, type Tid, type Uid } from '../../src/core/thread.ts';
import type { Logbook } from '../../src/ports.ts';

/** A logbook, what a successor would read in it now, and a disk that can be full. */
export interface LogbookStage extends Disposable {
  readonly logbook: Logbook;
  inherited(): Legacy;
  fill(full: boolean): void;
}

const process = { pid: 4000 as Pid, starttime: 123_456n as StartTime, uid: 1000 as Uid };

/** @param comm names are the callers', and may be anything */
export const grantOf = (tid: number, priority = 10, comm = 'data-loop.0'): Grant => ({
  thread: { tid: tid as Tid, starttime: 123_457n as StartTime, process },
  scheduling: { kind: 'realtime', priority },
  former: { policy: 'batch', priority: 0, nice: 5, resetOnFork: false },
  comm,
  program: '/usr/bin/pipewire',
  grantedAtUsec: 1_700_000_000_123_456n,
});

const [one, other] = [grantOf(4001), grantOf(4002)];
const offended: Deed = { kind: 'offended', process, conduct: { untilMsec: 1234.567, offences: 2 } };

/** What every logbook promises. */
export function logbookContract(open: () => LogbookStage): void {
  const begun = (contents: readonly Deed[] = []): LogbookStage => {
    const stage = open();
    stage.logbook.contents = () => contents;
    stage.logbook.begin();
    return stage;
  };

  test('begins with what holds', () => {
    using stage = begun([{ kind: 'granted', grant: one }, offended]);
    expect(stage.inherited()).toEqual({
      threads: [{ grant: one }],
      offenders: [[process, { untilMsec: 1234.567, offences: 2 }]],
    });
  });

  test('writes nothing before it begins', () => {
    using stage = open();
    stage.logbook.write({ kind: 'granted', grant: one });
    expect(stage.inherited().threads).toEqual([]);
  });

  test('knows an intention until it is settled', () => {
    using stage = begun();
    const intention = stage.logbook.intend({ grant: one, before: ordinary });
    expect(stage.inherited().threads).toEqual([{ intent: { grant: one, before: ordinary } }]);
    intention.keep();
    intention[Symbol.dispose]();
    expect(stage.inherited().threads).toEqual([{ grant: one }]);
  });

  test('withdraws an intention that was not kept; what was granted before stays', () => {
    using stage = begun([{ kind: 'granted', grant: one }]);
    stage.logbook.intend({ grant: grantOf(4001, 5), before: ordinary })[Symbol.dispose]();
    stage.logbook.intend({ grant: other, before: ordinary })[Symbol.dispose]();
    expect(stage.inherited().threads).toEqual([{ grant: one }]);
  });

  test('follows a grant to its end', () => {
    using stage = begun([{ kind: 'granted', grant: one }]);
    const key = keyOf(one.thread);
    stage.logbook.write({ kind: 'demoted', key, reason: 'silence' });
    expect(stage.inherited().threads).toEqual([{ grant: one, demoted: 'silence' }]);
    stage.logbook.write({ kind: 'restored', key });
    stage.logbook.write({ kind: 'leaving', key });
    expect(stage.inherited().threads).toEqual([{ grant: one, leaving: true }]);
    stage.logbook.write({ kind: 'ended', key });
    expect(stage.inherited().threads).toEqual([]);
  });

  test('with a full disk refuses intentions, and keeps what it has', () => {
    using stage = begun([{ kind: 'granted', grant: one }]);
    stage.fill(true);
    expect(() => stage.logbook.intend({ grant: other, before: ordinary })).toThrow(
      expect.objectContaining({ refusal: expect.objectContaining({ reason: 'kernel-refused' }) }),
    );
    stage.logbook.write({ kind: 'demoted', key: keyOf(one.thread), reason: 'silence' });
    expect(stage.inherited().threads).toEqual([{ grant: one }]);
  });

  test('makes good what it could not write', () => {
    using stage = begun([{ kind: 'granted', grant: one }]);
    stage.fill(true);
    stage.logbook.write({ kind: 'ended', key: keyOf(one.thread) });
    stage.logbook.contents = () => [];
    stage.fill(false);
    stage.logbook.intend({ grant: other, before: ordinary }).keep();
    expect(stage.inherited().threads).toEqual([{ grant: other }]);
  });
}
