import { copyFileSync, linkSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Gid, Uid } from '../../src/core/thread.ts';
import { alice } from '../contracts/stage.ts';
import { putIntoUnit } from '../rig/unit.ts';
import { actorPath } from './build.ts';
import { LinuxStage } from './stage.ts';

const dir = mkdtempSync(join(tmpdir(), 'subject-'));
afterAll(() => rmSync(dir, { recursive: true }));
const path = (name: string): string => join(dir, name);

/** A process of root's that a command has started. */
const under = (stage: LinuxStage, ...command: readonly string[]) => {
  const { pid } = stage.cast(0 as Uid, command);
  return stage.processes.subject({ pid, uid: 0 as Uid });
};

test('a program is known by every path that leads to it', () => {
  using stage = new LinuxStage();
  const pid = stage.spawn();
  const { processes } = stage;
  linkSync(stage.program, path('linked'));
  copyFileSync(stage.program, path('copied'));
  const subject = processes.subject({ pid, uid: alice });
  expect([stage.program, path('linked'), path('copied')].map((each) => subject.runs(each))).toEqual([
    true,
    true,
    false,
  ]);
});

test('a program that was upgraded is known by those who start it anew', () => {
  using stage = new LinuxStage();
  const subject = () => stage.processes.subject({ pid: stage.spawn(), uid: alice });
  const before = subject();
  expect(before.runs(stage.program)).toBe(true);
  copyFileSync(actorPath(), path('fresh'));
  renameSync(path('fresh'), stage.program);
  expect([before.runs(stage.program), subject().runs(stage.program)]).toEqual([false, true]);
});

test('supplementary groups count, and the saved one', () => {
  using stage = new LinuxStage();
  const subject = under(stage, 'setpriv', '--groups', '4,29');
  const [four, audio, other] = [4, 29, 30] as readonly number[] as readonly [Gid, Gid, Gid];
  expect([four, audio, other].map((gid) => subject.isInGroup(gid))).toEqual([true, true, false]);
});

test("units are those of the process's control group", () => {
  using stage = new LinuxStage();
  const pid = stage.spawn();
  const unit = `rtbroker-test-${process.pid}.service`;
  putIntoUnit(pid, unit);
  const subject = stage.processes.subject({ pid, uid: alice });
  expect(subject.isInUnit('unit', unit)).toBe(true);
  expect(subject.isInUnit('userUnit', unit)).toBe(false);
});
