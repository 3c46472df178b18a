import { expect, test } from "vitest";
import { canvasViolations, type FoundCanvas, type FoundTask, type PlannedChord } from "./canvas-rules.ts";

const leaf = (path: string, value: number, isBad = false) => ({ path, value, isBad });
const plan: PlannedChord = {
  path: "r",
  isHasty: true,
  header: [leaf("r.0", 1), { path: "r.1", isHasty: false, header: [leaf("r.1.0", 2), leaf("r.1.1", 3)] }],
};
const task = (path: string, at: number, result: unknown): FoundTask => ({
  ...{ path, result, state: "succeeded", createdAt: at, endedAt: at + 1, deliveries: 1 },
});
const good: readonly FoundTask[] = [
  ...[task("r.0", 0, 1), task("r.1.0", 0, 2), task("r.1.1", 1, 3)],
  ...[task("r.1", 2, [2, 3]), task("r", 3, [1, [2, 3]])],
  ...[task("r+completed", 3, [1, [2, 3]]), task("r+succeeded", 4, [1, [2, 3]])],
];
const found = (tasks: readonly FoundTask[], state = "succeeded"): FoundCanvas => ({ state, tasks });
const without = (path: string) => good.filter((each) => each.path !== path);
const changed = (path: string, change: Partial<FoundTask>) =>
  good.map((each) => (each.path === path ? { ...each, ...change } : each));

test("a run as it should be breaks no rule", () => {
  expect(canvasViolations("c", plan, found(good))).toEqual([]);
});

test("what several servers say of times is no evidence", () => {
  const early = found(changed("r", { createdAt: 2 }));
  expect(canvasViolations("c", plan, early, { isOneClock: false })).toEqual([]);
});

test("a chord in one that fails at once may be left without its body, and in one that waits it may not", () => {
  const failed = found(
    without("r.1").flatMap((each) =>
      each.path === "r"
        ? []
        : each.path === "r.0"
          ? { ...each, state: "failed" }
          : each.path === "r+succeeded"
            ? { ...each, path: "r+failed" }
            : each,
    ),
    "failed",
  );
  const header = [leaf("r.0", 1, true), ...plan.header.slice(1)];
  expect(canvasViolations("c", { ...plan, header }, failed)).toEqual([]);
  expect(canvasViolations("c", { ...plan, header, isHasty: false }, failed)).toEqual([
    "canvas c: the body of r.1 was made 0 times, and was due",
  ]);
});

test.each<[string, FoundCanvas, RegExp]>([
  ["a body that is missing", found(without("r")), /body of r was made 0 times, and was due/],
  ["a body that was made twice", found([...good, task("r.1", 2, [2, 3])]), /body of r.1 was made 2 times/],
  ["a member that was made twice", found([...good, task("r.0", 0, 1)]), /r.0 was made 2 times/],
  [
    "a body although a member+failed",
    found(changed("r.1.0", { state: "failed" })),
    /body of r.1 was made 1 times, and was not due/,
  ],
  ["another order", found(changed("r.1", { result: [3, 2] })), /was handed \[3,2\] in place of \[2,3\]/],
  ["a body that is early", found(changed("r", { createdAt: 2 })), /body of r was made before/],
  ["a task that goes on", found(changed("r", { endedAt: undefined })), /r has not ended/],
  ["a task from nowhere", found([...good, task("x", 0, 1)]), /x was never planned/],
  ["an end that is another one", found(good, "failed"), /is failed, and was to be succeeded/],
  [
    "a callback that is missing",
    found(without("r+completed")),
    /r\+completed was made 0 times in place of 1/,
  ],
  [
    "a callback that was made twice",
    found([...good, task("r+succeeded", 4, [])]),
    /r\+succeeded was made 2 times in place of 1/,
  ],
  [
    "a callback for another end",
    found([...good, task("r+failed", 4, [])]),
    /r\+failed was made 1 times in place of 0/,
  ],
])("%s is found", (_, canvas, sentence) => {
  expect(canvasViolations("c", plan, canvas).join("\n")).toMatch(sentence);
});
