import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { expect } from "vitest";
import { calling, chain, chord, failing, group, type Node, task, times } from "../../support/canvas-nodes.ts";
import type { StoryTest } from "./story.ts";

/** One after the other. The numbers are those of the list of canvases that are to give what they give elsewhere. */
export function chainCases(test: StoryTest): void {
  // 1
  test("each task of a chain goes on with what the one before it left", async ({ result }) => {
    expect(await result(chain(task("sum", 4, 4), task("sum", 8), task("sum", 16)))).toBe(32);
  });

  // 3
  test("a chain in a chain, with a task that is replaced, ends in a group", async ({ result }) => {
    const inner = chain(task("sum", 4), task("swapSum", 8), task("sum", 16), task("sum", 32));
    const tail = group(...[0, 1, 2, 3].map((each) => task("sum", each)));
    expect(await result(chain(task("sum", 2, 2), inner, tail))).toEqual([64, 65, 66, 67]);
  });

  // 5
  test("a task that fails is the end of its chain, and its failure that of the canvas", async (story) => {
    const { ended, tasks, namespace, left, runner } = story;
    const canvas = await ended(chain(task("sum", 1, 2), task("fail"), task("sum", 3)));
    expect(runner.runs.map(({ name }) => name)).toEqual(["sum", "fail"]);
    const failure = { failure: { message: "as it was asked" } };
    const failed = runner.runs[1]?.id ?? "";
    expect(canvas).toMatchObject({
      state: CanvasState.FAILED,
      cause: { state: TaskState.FAILED, taskId: failed, failure },
    });
    await expect(left(canvas.id)).rejects.toThrow(/failed/i);
    const { task: read } = await tasks.getTask({ namespace, taskId: failed });
    expect(read).toMatchObject({ state: TaskState.FAILED, ...failure });
    // The third one never was.
    const all = await tasks.listTasks({ namespace });
    expect(all.tasks).toHaveLength(2);
  });

  // 7
  test("what is before a task in a chain has ended before it starts, and what is after it starts when it has ended", async (story) => {
    const named = (name: string): Node => task("id", name);
    const before = group(named("b1"), named("b2"), named("b3"));
    await story.result(chain(before, named("connect"), group(named("a1"), named("a2"))));
    expect(story.runner.runs.map(({ args }) => String(args[0]).replace(/\d/, ""))).toEqual([
      ...["b", "b", "b", "connect", "a", "a"],
    ]);
  });

  // 9
  test("a task in the place of a task may be replaced again, and what was to follow each follows", async (story) => {
    await story.result(task("outer"));
    expect(story.runner.runs.map(({ name }) => name)).toEqual([
      ...["outer", "middle", "inner", "middleEnd", "outerEnd"],
    ]);
  });

  // 13
  test("a group after a group: each member is handed the whole list", async ({ result }) => {
    const two = group(task("sum", 1), task("sum", 1));
    const sums = group(task("sum"), task("sum"));
    expect(await result(chain(task("sum", 1), two, sums))).toEqual([4, 4]);
    expect(await result(chain(task("sum", 1), two, sums, task("sum")))).toBe(8);
  });

  // 15
  test("a group before a task in a chain is the same as a chord", async ({ result }) => {
    const two = [task("sum", 1), task("sum", 1)];
    const implicit = chain(
      ...[task("sum", 1, 0), group(...two), task("sum"), task("sum", 1), group(...two), task("sum")],
    );
    const explicit = chain(
      ...[task("sum", 1, 0), chord(two, task("sum")), task("sum", 1), chord(two, task("sum"))],
    );
    expect(await result(implicit)).toBe(12);
    expect(await result(explicit)).toBe(12);
  });

  // 17
  test("nine chords of three stand one behind the other", async ({ result }) => {
    const plusOne = chord(times(3, task("sum", 1)), task("sum"));
    const asItIs = chord(times(3, task("sum")), task("sum"));
    expect(await result(chain(task("sum", 0), ...times(8, plusOne), asItIs))).toBe(29_520);
  });

  // 19
  test("behind a chord stand one task, two or three, and a group", async ({ result }) => {
    for (const [count, value] of [
      [1, 6],
      [2, 7],
      [3, 8],
    ] as const) {
      const before = [task("sum", 1), chord(times(2, task("sum", 1)), task("sum"))];
      const plusOne = task("sum", 1);
      const canvas = chain(...before, ...times(count, plusOne), group(...times(2, plusOne)));
      expect(await result(canvas)).toEqual([value, value]);
    }
  });

  // 21
  test("a chain in a chain may end in a group", async ({ result }) => {
    expect(await result(chain(task("id", 42), chain(group(task("id"), task("id")))))).toEqual([42, 42]);
  });

  // 23. Elsewhere [4, 5] is wanted, and does not come: see cases.ts.
  test("a chain that ends in a group is one member of its group, and leaves a list", async ({ result }) => {
    const member = chain(task("sum", 1, 2), group(task("sum", 1), task("sum", 2)));
    expect(await result(group(member))).toEqual([[4, 5]]);
    // Nobody who counts on the shape has to know how many there are.
    expect(await result(group(member, member))).toEqual([
      [4, 5],
      [4, 5],
    ]);
  });

  // 25
  test("a task whose place is taken by a chain that fails has failed, and what catches that in there is told once", async (story) => {
    const bad = failing(chain(task("id", 1), task("fail"), task("id", 2)), "told");
    const canvas = await story.ended(chain(task("swap", bad), task("sum")));
    expect(canvas).toMatchObject({
      state: CanvasState.FAILED,
      cause: { failure: { failure: { message: "as it was asked" } } },
    });
    expect([story.count("told"), story.count("sum")]).toEqual([1, 0]);
  });

  // 27
  test("links of a chain in a chain are followed when that one ends", async (story) => {
    const inner = calling(chain(task("join", "b")), "told");
    expect(await story.result(chain(task("join", "a"), inner, task("join", "c")))).toBe("abc");
    expect([story.count("told"), story.given("told")]).toEqual([1, ["ab"]]);
  });

  // 29
  test("each of 42 tasks of a chain has a link, and each is followed", async (story) => {
    const next = calling(task("id"), "told");
    expect(await story.result(chain(calling(task("id", 1337), "told"), ...times(41, next)))).toBe(1337);
    expect(story.count("told")).toBe(42);
  });

  // 31
  test("the link of a chain with a task that is replaced is followed once, with what came in its place", async (story) => {
    const chained = calling(chain(task("id", 42), task("swapSum", 1337)), "told");
    expect(await story.result(chained)).toBe(42 + 1337);
    expect([story.count("told"), story.given("told")]).toEqual([1, [42 + 1337]]);
  });

  // 33
  test("a task before a chord that is handed out twice starts the chord once", async (story) => {
    const { canvases, runner, namespace } = story;
    const canvasId = await story.submit(
      chain(task("id", 1), chord([task("sum", 1), task("sum", 2)], task("sum"))),
    );
    const grants = await runner.lease();
    // As often as whoever settles does not hear the answer.
    await runner.settle(grants);
    await runner.settle(grants);
    await runner.drain();
    const { canvas } = await canvases.getCanvas({ namespace, canvasId });
    expect(canvas?.groups.filter(({ size }) => size === 2)).toHaveLength(1);
    expect(await story.left(canvasId)).toBe(5);
    expect(story.count("sum")).toBe(3);
  });

  // 35
  test("a group with chords in it stands in the middle of a chain", async ({ result }) => {
    const inner = chord([task("id"), task("id")], task("sum"));
    const middle = group(inner, task("sum", 20), task("id"));
    expect(await result(chain(task("sum", 5, 5), middle, task("sum")))).toBe(60);
  });

  // 65
  test("what fails before a group is why the canvas fails, and no member of the group runs", async (story) => {
    const canvas = await story.ended(chain(task("fail"), group(task("sum", 1), task("sum", 2))));
    expect(canvas).toMatchObject({
      state: CanvasState.FAILED,
      cause: { failure: { failure: { message: "as it was asked" } } },
    });
    expect(story.count("sum")).toBe(0);
  });
}
