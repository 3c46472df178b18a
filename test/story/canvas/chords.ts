import { CanvasState, OnMemberFailure } from "@stem/proto/stem/v1/canvas_pb";
import { TaskView } from "@stem/proto/stem/v1/task_service_pb";
import { expect } from "vitest";
import {
  calling,
  chain,
  chord,
  failing,
  group,
  json,
  type Node,
  task,
  taskOf,
  times,
} from "../../support/canvas-nodes.ts";
import type { StoryTest } from "./story.ts";

const wait = { onMemberFailure: OnMemberFailure.WAIT };

/** A group, and what becomes of its results. */
export function chordCases(test: StoryTest): void {
  // 75. Where the list stamps each task, here each has a tag.
  test("what is said of each task of a canvas is on each, and finds all of them", async ({
    result,
    tasks,
    namespace,
  }) => {
    const marked = (name: string, ...args: readonly unknown[]): Node =>
      taskOf({ name, args: json(args), tags: ["marked"], headers: { stamp: "mono" } });
    const header = [1, 2, 3].map((each) => marked("id", each));
    const tens = times(3, marked("mul", 10));
    expect(await result(chain(group(...header), marked("sum"), chord(tens, marked("sum"))))).toBe(180);
    const found = await tasks.listTasks({ namespace, tag: "marked", view: TaskView.FULL });
    expect(found.tasks.map(({ name }) => name).toSorted()).toEqual([
      ...["id", "id", "id", "mul", "mul", "mul", "sum", "sum"],
    ]);
    for (const { headers } of found.tasks) expect(headers).toEqual({ stamp: "mono" });
  });

  // 47
  test("a body has results in the order of the header, whatever order they came in", async ({ result }) => {
    const tens = Array.from({ length: 10 }, (_, i) => i);
    expect(
      await result(
        chord(
          tens.map((each) => task("id", each)),
          task("id"),
        ),
      ),
    ).toEqual(tens);
  });

  // 49
  test("a member adds members to the header while it runs, and the body waits for them", async ({
    result,
  }) => {
    expect(await result(chord([task("grow", 0, 5, 6, 7)], task("id")))).toEqual([0, 5, 6, 7]);
  });

  // 55
  test("the body of a header without members is handed an empty list", async ({ result }) => {
    expect(await result(chord([], task("id")))).toEqual([]);
  });

  // 57
  test("members run while more of them are still being made", async (story) => {
    const { canvases, namespace, runner } = story;
    const canvasId = await story.submit(chord([], task("sum"), { open: true }));
    const count = 10;
    for (let made = 0; made < count; made += 1) {
      const member = { namespace, canvasId, requestId: `${made}`, members: [task("id", made)] };
      await canvases.addCanvasMembers({ ...member, seal: made === count - 1 });
      if (made === 0) await runner.drain();
      // The first one ran before the last one was made, and the body waits.
      if (made < count - 1) expect(runner.runs.map(({ args }) => args)).toEqual([[0]]);
    }
    await runner.drain();
    expect(await story.left(canvasId)).toBe((count * (count - 1)) / 2);
  });

  // 59
  test("chords in chains are the header of a chord", async ({ result }) => {
    const inner = chain(task("id", 1), chord([task("id"), task("id")], task("sum")));
    expect(await result(chord([inner, inner], task("sum")))).toBe(4);
  });

  // 61
  test("a header may be large", async ({ result }) => {
    const thousand = Array.from({ length: 1000 }, (_, i) => task("id", i));
    expect(await result(chord(thousand, task("sum")))).toBe(499_500);
    for (const size of [1, 2, 10, 100, 1000])
      expect(await result(chain(task("id", 1), chord(times(size, task("id")), task("sum"))))).toBe(size);
  });

  // 63
  test("a group in a header is part of it, and a chain that ends in a group is a member", async ({
    result,
  }) => {
    const two = [task("id", 42), task("id", 42)];
    expect(await result(chord([group(...two)], task("id")))).toEqual([42, 42]);
    const member = chain(task("id", 42), group(task("id"), task("id")));
    expect(await result(chain(group(member), task("id")))).toEqual([[42, 42]]);
  });

  // 67
  test("what catches the failure of a chord is made once, however many members fail", async (story) => {
    const canvas = await story.ended(failing(chord(times(42, task("fail")), task("sum")), "told"));
    expect(canvas.state).toBe(CanvasState.FAILED);
    expect([story.count("told"), story.count("sum")]).toEqual([1, 0]);
    expect(story.given("told")).toMatchObject([{ failure: { message: "as it was asked" } }]);
  });

  // 69
  test("chains take the places of members and of bodies", async ({ result }) => {
    const swap = task("swap", chain(task("id", 42), task("id")));
    const id = task("id");
    expect(await result(chord([swap], id))).toEqual([42]);
    expect(await result(chord([swap, task("id", 1337)], id))).toEqual([42, 1337]);
    expect(await result(chord([task("id", 42), swap], id))).toEqual([42, 42]);
    expect(await result(chord([swap, task("id", 1337), task("id", 31_337)], id))).toEqual([42, 1337, 31_337]);
    const bodies: readonly Node[] = [
      task("swapId"),
      chain(task("swapId"), id),
      chain(id, task("swapId")),
      chain(id, task("swapId"), id),
    ];
    for (const body of bodies) expect(await result(chord([task("id", 42)], body))).toEqual([42]);
  });

  // 71
  test("each member that fails is caught by itself, and the chord once; its body never runs", async (story) => {
    const [bad, good] = [failing(task("fail"), "told"), task("id", 1)];
    const headers: readonly (readonly [header: readonly Node[], failures: number])[] = [
      [[bad], 1],
      [[bad, good], 1],
      [[good, bad], 1],
      [[bad, bad], 2],
      [[chain(good, bad)], 1],
      [[group(bad, good, bad)], 2],
      [[good, chord([bad], task("id"), wait)], 1],
    ];
    let told = 0;
    for (const [header, failures] of headers) {
      const { state } = await story.ended(failing(chord(header, task("sum"), wait), "told"));
      expect(state).toBe(CanvasState.FAILED);
      told += failures + 1;
      expect(story.count("told")).toBe(told);
    }
    expect(story.count("sum")).toBe(0);
  });

  // 73
  test("a chain in a chain that begins with a group that fails ends with that failure", async ({ ended }) => {
    const inner = chain(group(task("fail"), task("id", 1)), task("id"));
    const canvas = await ended(chain(inner, calling(task("sum", 1), "told")));
    expect(canvas).toMatchObject({
      state: CanvasState.FAILED,
      cause: { failure: { failure: { type: "Error", message: "as it was asked" } } },
    });
  });
}
