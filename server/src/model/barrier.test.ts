import { expect, test } from "vitest";
import { linkOn } from "../../../test/support/new-link.ts";
import { advance, advanceTogether } from "./barrier.ts";
import { closed, grown, opened } from "./barrier-state.ts";
import type { Barrier, NewBarrier, Part } from "./canvas.ts";
import { type EndedMember, endOf, endOfTask, notMade } from "./canvas-end.ts";
import {
  barrierIdOf,
  canvasIdOf,
  defaultNamespace,
  instantOf,
  partIdOf,
  taskIdOf,
  taskNameOf,
} from "./ids.ts";
import type { Place } from "./place.ts";
import type { NewTask } from "./task.ts";

const now = instantOf(1_000_000);
const canvas = canvasIdOf("c");
const lineage = { parentId: undefined, rootId: taskIdOf("c") };
const result = new TextEncoder().encode("42");

const place = (index: number, more: Partial<Place> = {}): Place => ({
  ...{ canvas, barrier: barrierIdOf("b"), index, reports: "end" },
  ...more,
});
const group = (details: Partial<NewBarrier> = {}): Barrier =>
  opened(
    {
      ...{ id: barrierIdOf("b"), place: undefined, shape: "list", onMemberFailure: "wait", size: 2 },
      ...{ isSealed: true, callbacks: [], next: undefined },
      ...details,
    },
    { namespace: defaultNamespace, lineage, canvas, now },
  );
const ended = (index: number, details: Partial<EndedMember> = {}) =>
  endOfTask(
    {
      ...{
        namespace: defaultNamespace,
        id: taskIdOf(`t${index}`),
        name: taskNameOf("n"),
        lineage,
        links: [],
      },
      ...{ on: "succeeded", reason: undefined, attempt: 1, data: result, isLast: false },
      ...{ place: place(index), next: undefined },
      ...details,
    },
    now,
  );
const part: Part = { id: partIdOf("p"), barriers: [], tasks: [] };
const round = (barrier: Barrier, ...ends: ReturnType<typeof ended>[]) => {
  const kept = new Set<number>();
  const isNew = ({ index }: { index: number }) => !kept.has(index) && kept.add(index).size > 0;
  return advance(ends, new Map([[barrier.id, barrier]]), isNew, now);
};
const after = (barrier: Barrier, ...ends: ReturnType<typeof ended>[]): Barrier | undefined =>
  round(barrier, ...ends).changed[0];

test("a barrier ends with the last of its members, and says so once", () => {
  expect(after(group(), ended(0))).toMatchObject({ state: "open", ended: 1 });
  const { changed, ended: over } = round(group(), ended(0), ended(1), ended(1));
  expect(changed).toMatchObject([{ state: "succeeded", ended: 2, unsuccessful: 0, hasRest: false }]);
  expect(over).toHaveLength(1);
});

test("what a bad member means is for the barrier to say", () => {
  const bad = ended(0, { on: "failed", reason: "non_retryable" });
  expect(after(group({ onMemberFailure: "fail_fast" }), bad)).toMatchObject({
    ...{ state: "failed", ended: 1, hasRest: true, cause: { task: "t0", reason: "non_retryable" } },
  });
  expect(after(group(), bad)).toMatchObject({ state: "open", unsuccessful: 1 });
  expect(after(group(), bad, ended(1))).toMatchObject({ state: "failed" });
  expect(after(group({ onMemberFailure: "carry_on" }), bad, ended(1))).toMatchObject({ state: "succeeded" });
});

test("members count after the end of their barrier, and are not its cause", () => {
  const cancelled = closed(group(), { state: "cancelled", cause: undefined }, now);
  expect(after(cancelled, ended(0, { on: "failed" }))).toMatchObject({
    ...{ state: "cancelled", ended: 1, unsuccessful: 1, cause: undefined },
  });
});

test("a barrier that takes members waits until it takes no more", () => {
  const open = group({ isSealed: false });
  const full = after(open, ended(0), ended(1));
  expect(full).toMatchObject({ state: "open", ended: 2 });
  expect(full && grown(full, 1, now)).toMatchObject({ state: "open", size: 3 });
  expect(full && grown(full, 0, now, true)).toMatchObject({ state: "succeeded" });
});

test("the success of what has something after it is no member's end, and starts that while its barrier is open", () => {
  const begins: Part = { ...part, barriers: [{ ...group({ place: place(0) }), id: barrierIdOf("inner") }] };
  const first = ended(0, { place: place(0, { reports: "unsuccessful", step: 0 }), next: begins });
  const going = round(group(), first);
  expect(going.members).toEqual([]);
  expect(going.barriers).toMatchObject([{ id: "inner", state: "open", canvas: "c" }]);
  const over = closed(group(), { state: "failed", cause: undefined }, now);
  expect(round(over, first).barriers).toEqual([]);
});

test("a success in spite of a cancel starts nothing, and is bad where something was to follow", () => {
  const asked = { isLast: true, place: place(0, { reports: "unsuccessful" }), next: part } as const;
  expect(after(group({ onMemberFailure: "fail_fast" }), ended(0, asked))).toMatchObject({
    ...{ state: "failed", cause: { state: "cancelled", reason: "cancel_requested" } },
  });
  expect(after(group({ onMemberFailure: "fail_fast" }), ended(0, { isLast: true }))).toMatchObject({
    ...{ state: "open", unsuccessful: 0 },
  });
});

test("first attempts are counted once for each member", () => {
  const told = after(group(), ended(0, { on: "attempted" }));
  expect(told).toMatchObject({ attempted: 1, ended: 0 });
  expect(told && after(told, ended(0, { attempt: 2 }))).toMatchObject({ attempted: 1, ended: 1 });
  expect(after(group(), ended(0, { place: place(0, { step: 1 }), attempt: 2 }))).toMatchObject({
    attempted: 1,
  });
  expect(after(group(), ended(0, { place: place(0, { isTried: true }) }))).toMatchObject({ attempted: 0 });
});

test("a barrier without members has ended when it begins", () => {
  expect(group({ size: 0 })).toMatchObject({ state: "succeeded", endedAt: now, hasRest: false });
  expect(group({ size: 0, isSealed: false })).toMatchObject({ state: "open" });
});

test("a task that is not made is kept under no task's id, and is the cause by its own", () => {
  const task = { namespace: defaultNamespace, id: taskIdOf("x"), name: taskNameOf("n"), place: place(0) };
  const end = notMade(task as NewTask);
  expect(end.source.id).not.toBe("x");
  expect(after(group({ onMemberFailure: "fail_fast" }), end)?.cause).toMatchObject({
    ...{ task: "x", reason: "not_made" },
  });
});

test("a barrier that has ended is a member of the one above it, with the cause that it had", () => {
  const inner = after(group({ place: place(1), onMemberFailure: "fail_fast" }), ended(0, { on: "expired" }));
  if (inner === undefined) throw new Error("it has changed");
  expect(after(group(), endOf({ ...inner, id: barrierIdOf("inner") }, undefined, now))).toMatchObject({
    ...{ ended: 1, unsuccessful: 1, cause: { state: "expired", task: "t0" } },
  });
});

const { on: _, ...told } = linkOn("succeeded");
const failedOnce = after(group({ size: 4 }), ended(3, { on: "failed" }));

test.each<[string, Barrier | undefined]>([
  ["a group", group({ size: 3 })],
  ["a group that has more members", group({ size: 5 })],
  ["an open group", group({ size: 3, isSealed: false })],
  ["a group that tells of first attempts", group({ size: 3, callbacks: [{ ...told, on: "attempted" }] })],
  ["a group that has failed", closed(group({ size: 3 }), { state: "failed", cause: undefined }, now)],
  ["a group whose other member has failed", failedOnce],
])("successes that are counted together come to what they come to one by one: %s", (_name, barrier) => {
  if (barrier === undefined) throw new Error("there is no barrier");
  const { changed, tasks } = round(barrier, ended(0), ended(1), ended(2));
  expect(advanceTogether(barrier, 3, now)).toEqual({ barrier: changed[0], tasks });
  expect(advanceTogether(barrier, 0, now)).toEqual({ barrier, tasks: [] });
});
