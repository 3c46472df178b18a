import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { CanvasNodeSchema, CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { expect } from "vitest";
import { alone, calling, chain, chord, group, type Node, task, times } from "../../support/canvas-nodes.ts";
import type { StoryTest } from "./story.ts";

/** Side by side. */
export function groupCases(test: StoryTest): void {
  // 37
  test("groups in groups are one group", async ({ result }) => {
    const inner = group(task("id", 101), group(task("id", 1001), task("id", 2001)));
    expect(await result(group(task("id", 11), inner))).toEqual([11, 101, 1001, 2001]);
  });

  // 39
  test("a group without members leaves an empty list", async ({ result }) => {
    expect(await result(group())).toEqual([]);
  });

  // 41
  test("a chord in a group is one member, whatever its header is made of", async ({ result }) => {
    const of = (...header: readonly Node[]) => result(group(chord(header, task("id"))));
    const long = (value: number) => chain(task("id", value), ...times(41, task("id")));
    const wide = (value: number) => group(...times(42, task("id", value)));
    const inner = (value: number) => chord([task("id", 42)], alone(task("id", value)));
    expect(await of(task("id", 42))).toEqual([[42]]);
    expect(await of(long(1337))).toEqual([[1337]]);
    expect(await of(wide(1337))).toEqual([times(42, 1337)]);
    expect(await of(inner(31_337))).toEqual([[31_337]]);
    expect(await of(task("id", 42), long(42), wide(42), inner(1337))).toEqual([
      [42, 42, ...times(42, 42), 1337],
    ]);
  });

  // 43
  test("the link of a group is followed once, with all results, and those of its members each by itself", async (story) => {
    expect(await story.result(calling(group(task("id", 42), task("id", 1337)), "told"))).toEqual([42, 1337]);
    expect([story.count("told"), story.given("told")]).toEqual([1, [[42, 1337]]]);
    const order = story.runner.runs.map(({ name }) => name);
    expect(order.at(-1)).toBe("told");
    await story.result(group(...times(42, calling(task("id", 1), "told"))));
    expect(story.count("told")).toBe(1 + 42);
  });

  // 45
  test("members that groups take the place of leave their lists in their own places", async ({ result }) => {
    const first = task("swap", group(task("sum", 1, 2), task("sum", 1, 1)));
    const second = task("swap", group(task("sum", 2, 3), task("sum", 2, 2)));
    for (const _ of times(10, undefined))
      expect(await result(group(first, second))).toEqual([
        [3, 2],
        [5, 4],
      ]);
  });

  // 51
  test("a task takes a list and puts a group in its own place, with more arguments for each of it", async ({
    result,
  }) => {
    const before = [task("sum", 1, 3), group(...[0, 1, 2, 3].map((each) => task("sum", each)))];
    expect(await result(chain(...before, task("addToAll", 8)))).toEqual([12, 13, 14, 15]);
    const named = { node: { case: "task", value: { name: "addToAll", args: jsonOf({ plus: 8, z: 1 }) } } };
    expect(await result(chain(...before, named as Node))).toEqual([13, 14, 15, 16]);
  });

  // 53
  test("a task that is handed nothing follows groups in a group", async ({ result }) => {
    const inner = group(group(task("sum", 1, 1), task("sum", 2, 2)), task("sum", 3, 3));
    expect(await result(chain(inner, alone(task("sum", 5, 6))))).toBe(11);
  });

  // 77
  test("a canvas that was JSON meanwhile leaves the same", async ({ result }) => {
    const inside: readonly Node[] = [
      chain(task("id", 1), task("sum", 1)),
      group(task("id", 1), task("sum", 1)),
      chord([task("id", 1), task("sum", 1)], task("sum", 5)),
    ];
    const around: readonly ((inner: Node) => Node)[] = [
      (inner) => chain(inner, task("sum", 3)),
      (inner) => group(inner, task("sum", 3)),
      (inner) => chord([inner, task("sum", 3)], task("sum")),
    ];
    const values: unknown[] = [];
    for (const outer of around)
      for (const inner of inside) {
        const node = create(CanvasNodeSchema, outer(inner));
        const text = JSON.stringify(toJson(CanvasNodeSchema, node));
        const again = fromJson(CanvasNodeSchema, JSON.parse(text) as JsonValue);
        expect(again).toEqual(node);
        const value = await result(again);
        expect(value).toEqual(await result(outer(inner)));
        values.push(value);
      }
    expect(values).toEqual([5, 5, 10, [2, 3], [1, 1, 3], [7, 3], 5, 5, 10]);
  });

  test("a group of which a member failed has failed, and counts all that ended", async ({ ended }) => {
    const canvas = await ended(group(task("id", 1), task("fail")));
    expect(canvas).toMatchObject({ state: CanvasState.FAILED, groups: [{ ended: 2, unsuccessful: 1 }] });
  });
}

const jsonOf = (value: unknown) => ({ data: { case: "json", value: JSON.stringify(value) } });
