import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, chapters, exit } from '../conformance/cases.ts';
import { agree, outcomeOf, Side } from '../conformance/side.ts';

// Real rtkit beside the broker: the same is asked of both, on two buses alike, and what they answer and what the kernel
// then shows must be the same, but for what the table says.

let rtkit: Side;
let broker: Side;
const both = <Result>(deed: (side: Side) => Promise<Result>) => Promise.all([deed(rtkit), deed(broker)]);
beforeAll(async () => {
  [rtkit, broker] = await Promise.all([Side.rtkit(), Side.broker()]);
});
afterAll(() => both((side) => side.stop()));

for (const { title, limits, withPolkit = true, cases } of chapters)
  describe(title, () => {
    beforeAll(async () => {
      if (limits !== undefined) await both((side) => side.begin(limits));
      if (!withPolkit) await both((side) => side.rig.stopPolkit());
    });
    afterAll(async () => {
      if (!withPolkit) await both((side) => side.rig.startPolkit());
    });
    for (const each of cases) compare(each);
  });

function compare([title, deed, difference]: Case): void {
  test(difference === undefined ? title : `${title}, otherwise: ${difference.why}`, async () => {
    const [theirs, ours] = await both((side) => outcomeOf(deed, side));
    if (difference === undefined) {
      const answer = agree(theirs.answer, ours.answer) ? ours.answer : theirs.answer;
      expect(ours).toEqual({ ...theirs, answer });
      return;
    }
    expect(theirs.answer).toMatch(startsWith(difference.rtkit));
    expect(ours.answer).toMatch(startsWith(difference.broker));
    expect(agree(theirs.answer, ours.answer) && theirs.threads === ours.threads).toBe(false);
    expect([theirs.threads, ours.threads]).toEqual(difference.threads ?? [theirs.threads, theirs.threads]);
  });
}

const startsWith = (text: string): RegExp => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);

test('C36 Exit replies, demotes what is known and ends with 0', async () => {
  const outcomes = await both(async (side) => {
    await side.begin();
    const status = side.exitStatus;
    const reply = (scene: Parameters<typeof exit>[0]) => exit(scene).finally(() => status);
    return { ...(await outcomeOf(reply, side)), status: await status };
  });
  const same = { answer: '()', threads: 'other, other, other', status: 0 };
  expect(outcomes).toEqual([same, same]);
});

test('there are eighty cases and more', () => {
  expect(chapters.flatMap(({ cases }) => cases).length).toBeGreaterThanOrEqual(80);
});
