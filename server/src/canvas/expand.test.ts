import { expect, test } from "vitest";
import type { Callback } from "../model/canvas.ts";
import type { CanvasNode, GroupNode, TaskNode } from "../model/canvas-node.ts";
import { type Bytes, barrierIdOf, canvasIdOf, defaultNamespace, instantOf, taskIdOf } from "../model/ids.ts";
import { expandCanvas, expandMembers, expandReplacement } from "./expand.ts";

const root = { namespace: defaultNamespace, canvas: canvasIdOf("c"), mark: (content: Bytes) => content };
const made = {
  ...{ task: { policy: {} } as TaskNode["task"], acceptedAt: instantOf(0), isStartFixed: false },
  ...{ expireAt: undefined, hands: undefined, ownId: undefined },
};
const task = (id?: string): TaskNode => ({
  ...{ kind: "task", ...made },
  ownId: id === undefined ? undefined : taskIdOf(id),
});
const chain = (...steps: CanvasNode[]): CanvasNode => ({ kind: "chain", steps, callbacks: [] });
const group = (members: CanvasNode[], details: Partial<GroupNode> = {}): GroupNode => ({
  ...{ kind: "group", members, onMemberFailure: "wait", isOpen: false, callbacks: [] },
  ...details,
});
const callback = (on: Callback["on"]): Callback => ({ ...made, on });

test("the same tree has the same ids, and nothing of it another's", () => {
  const tree = chain(group([task(), chain(task(), task())]), task());
  expect(expandCanvas(tree, root)).toEqual(expandCanvas(tree, root));
  const { start, parts } = expandCanvas(tree, root);
  const all = [start, ...parts];
  const ids = all.flatMap(({ id, tasks, barriers }) => [
    id,
    ...[...tasks, ...barriers].map((each) => each.id),
  ]);
  expect(new Set(ids).size).toBe(ids.length);
});

test("members stand in their order where ids are sorted, and begin as their barrier does", () => {
  const { start } = expandCanvas(group(Array.from({ length: 101 }, () => task())), root);
  const ids = start.tasks.map(({ id }) => `${id}`);
  expect(ids).toEqual(ids.toSorted());
  expect(ids[7]).toBe(`${start.barriers[0]?.id}.007`);
});

test("a chain begins with its first task, and each names the part of the next", () => {
  const { start, parts, root: outermost } = expandCanvas(chain(task("a"), task("b"), task("d")), root);
  expect(outermost).toMatchObject({ id: "c", size: 1, shape: "one", place: undefined });
  expect(start.tasks.map(({ id }) => id)).toEqual(["a"]);
  const [first] = start.tasks;
  const second = parts.find(({ id }) => id === first?.task.next);
  expect(second?.tasks[0]).toMatchObject({ id: "b", task: { place: { reports: "unsuccessful", step: 1 } } });
  const third = parts.find(({ id }) => id === second?.tasks[0]?.task.next);
  expect(third?.tasks[0]).toMatchObject({ id: "d", task: { next: undefined, place: { reports: "end" } } });
});

test("only what something is before is handed something", () => {
  const { start, parts } = expandCanvas(chain(group([task("a")]), group([task("b")])), root);
  expect(start.tasks[0]?.task.policy.takesInput).toBeUndefined();
  expect(parts[0]?.tasks[0]?.task.policy.takesInput).toBe(true);
});

test("a group that is nothing but a member of one like it is that one's members", () => {
  const { start } = expandCanvas(group([task("a"), group([task("b"), task("d")])]), root);
  expect(start.barriers).toMatchObject([{ size: 3 }]);
  expect(start.tasks.map(({ task: { place } }) => place?.index)).toEqual([0, 1, 2]);
  for (const other of [
    group([task()], { onMemberFailure: "carry_on" }),
    group([task()], { isOpen: true }),
    group([task()], { callbacks: [callback("failed")] }),
  ])
    expect(expandCanvas(group([task(), other]), root).start.barriers).toHaveLength(2);
});

test("a chain with callbacks ends as one", () => {
  const calling: CanvasNode = {
    kind: "chain",
    steps: [task("a"), task("b")],
    callbacks: [callback("failed")],
  };
  const { start } = expandCanvas(chain(calling, task("d")), root);
  expect(start.barriers).toMatchObject([{ shape: "one", size: 1, place: { reports: "unsuccessful" } }]);
  expect(start.barriers[0]?.next).toBeDefined();
  expect(start.tasks[0]?.task.place?.barrier).toBe(start.barriers[0]?.id);
});

test("members tell of first attempts where their group wants to know, unless they are in a chain", () => {
  const node = group([task(), chain(task(), task()), group([task()], { onMemberFailure: "carry_on" })], {
    callbacks: [callback("attempted")],
  });
  const { start } = expandCanvas(node, root);
  expect(start.tasks.map((each) => each.task.policy.member)).toEqual(["attempts", "ends", "ends"]);
});

test("what stands in for a task has its place, and its success starts what that would have", () => {
  const place = {
    canvas: root.canvas,
    barrier: barrierIdOf("b"),
    index: 3,
    reports: "unsuccessful",
  } as const;
  const { next } = expandCanvas(chain(task(), task()), root).start.tasks[0]?.task ?? {};
  const expansion = expandReplacement(task("a"), { place, next, callbacks: [] }, { ...root, seed: "x" });
  const [outermost] = expansion.start.barriers;
  expect(outermost).toMatchObject({ place, next, shape: "one", size: 1 });
  expect(expansion.start.tasks[0]?.task.place).toMatchObject({
    barrier: outermost?.id,
    index: 0,
    reports: "end",
  });
});

test("further members have the indexes in which they come, and ids of their own for each request", () => {
  const of = (seed: string) => expandMembers([task(), task()], barrierIdOf("b"), { ...root, seed }, []).start;
  expect(of("x").tasks.map(({ task: { place } }) => place?.index)).toEqual([0, 1]);
  expect(of("x").tasks[0]?.id).not.toBe(of("y").tasks[0]?.id);
});
