import { expect, test } from "vitest";
import { instantOf, taskNameOf } from "./ids.ts";
import { type Announcement, announce } from "./task-definition.ts";

const saying = (text: string, version: number, worker = "w"): Announcement => ({
  definition: { name: taskNameOf("mail"), version, defaults: undefined, content: Buffer.from(text) },
  worker,
  at: instantOf(1),
});

test("the first word on a name counts, and a repeat of it is nothing new", () => {
  const first = saying("a", 1);
  expect(announce(undefined, first)).toEqual({ current: first, rival: undefined });
  expect(announce({ current: first, rival: undefined }, saying("a", 1, "another"))).toBeUndefined();
});

test("a higher version is in force, and no contradiction outlives it", () => {
  const newer = saying("b", 2);
  expect(announce({ current: saying("a", 1), rival: saying("c", 1) }, newer)).toEqual({
    current: newer,
    rival: undefined,
  });
});

test("of one version the newest word is in force, and the one before stays in sight", () => {
  const before = saying("a", 1);
  const after = saying("b", 1);
  expect(announce({ current: before, rival: undefined }, after)).toEqual({ current: after, rival: before });
});

test("a lower version changes nothing, and is in sight", () => {
  const current = saying("a", 2);
  const older = saying("b", 1);
  const known = announce({ current, rival: undefined }, older);
  expect(known).toEqual({ current, rival: older });
  expect(announce(known, saying("b", 1, "again")), "it is in sight already").toBeUndefined();
});
