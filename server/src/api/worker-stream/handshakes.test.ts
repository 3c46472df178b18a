import { expect, test } from "vitest";
import { type Admitted, admitted, emptyLine } from "./handshakes.ts";

const now = 1_800_000_000_000;
const rule = { perSecond: 4, waitMsMax: 2000 };

/** What each of those that come at these moments is told; 0: come in. */
function answersAt(...moments: readonly number[]): readonly number[] {
  let last: Admitted = { line: emptyLine, waitMs: 0 };
  return moments.map((at) => {
    last = admitted(last.line, now + at, rule);
    return last.waitMs ?? 0;
  });
}

const times = (count: number, at: number): readonly number[] => new Array<number>(count).fill(at);

test("as many as may come in a second may come at once, and each of the others is told a place of its own", () => {
  expect(answersAt(...times(8, 0))).toEqual([0, 0, 0, 0, 250, 500, 750, 1000]);
});

test("who comes at the time that was told is let in, and nobody more", () => {
  expect(answersAt(...times(7, 0), 250, 250, 500, 750).slice(7)).toEqual([0, 750, 0, 0]);
});

test("after a second in which nobody came, all of it is there again, and no more than that", () => {
  expect(answersAt(...times(4, 0), ...times(5, 1000)).slice(4)).toEqual([0, 0, 0, 0, 250]);
  expect(answersAt(...times(5, 90_000))).toEqual([0, 0, 0, 0, 250]);
});

test("nobody waits for longer than the most: the line begins anew at its front", () => {
  const told = answersAt(...times(13, 0)).slice(4);
  expect(told).toEqual([250, 500, 750, 1000, 1250, 1500, 1750, 2000, 250]);
  expect(admitted({ admittedTo: now + 90_000, toldTo: 0 }, now, rule).waitMs).toBe(2000);
});

test.each([1, 3, 7, 300])("%i a second are let in at once, whatever the fractions", (perSecond) => {
  let line = emptyLine;
  let count = 0;
  for (;;) {
    const answer = admitted(line, now, { perSecond, waitMsMax: 1000 });
    if (answer.waitMs !== undefined) break;
    line = answer.line;
    count += 1;
  }
  expect(count).toBe(perSecond);
});
