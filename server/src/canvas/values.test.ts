import { expect, test } from "vitest";
import type { Barrier } from "../model/canvas.ts";
import { unmadeAs } from "../model/canvas-records.ts";
import { barrierIdOf, defaultNamespace, taskIdOf, taskNameOf } from "../model/ids.ts";
import type { CanvasReader, MemberOutcome } from "../ports/canvas-reader.ts";
import { readValue } from "./values.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const wide = { itemsMax: 100, bytesMax: 1000 };

const member = (index: number, details: Partial<MemberOutcome> = {}): MemberOutcome => ({
  ...{ index, state: "succeeded", source: { kind: "task", id: taskIdOf(`t${index}`) } },
  ...{ result: bytes(`r${index}`), failure: undefined, name: taskNameOf("n"), reason: undefined, attempt: 1 },
  ...details,
});
const inner = (index: number, id: string, state: MemberOutcome["state"] = "succeeded") =>
  member(index, {
    state,
    source: { kind: "barrier", id: barrierIdOf(id) },
    result: undefined,
    name: undefined,
  });

/** A store of these barriers, which hands out two members at a time. */
function storeOf(
  barriers: Record<string, { shape: Barrier["shape"]; members: MemberOutcome[]; cause?: object }>,
) {
  const store: Pick<CanvasReader, "readBarriers" | "readMembers"> = {
    readBarriers: async (refs) => refs.map(({ id }) => barriers[id] as Barrier | undefined),
    readMembers: async ({ ref, after = -1 }) =>
      (barriers[ref.id]?.members ?? []).filter(({ index }) => index > after).slice(0, 2),
  };
  return (id: string, bounds = wide) =>
    readValue(store, { namespace: defaultNamespace, id: barrierIdOf(id) }, bounds);
}

test("a list has what its members left by their indexes, over all pages, and lists in it", async () => {
  const read = storeOf({
    a: { shape: "list", members: [member(0), inner(1, "b"), member(2), inner(3, "d")] },
    b: { shape: "list", members: [member(0), member(1), member(2)] },
    d: { shape: "one", members: [member(0)] },
  });
  const result = (text: string) => ({ kind: "result", data: bytes(text) });
  expect(await read("a")).toEqual({
    kind: "list",
    items: [
      result("r0"),
      { kind: "list", items: [result("r0"), result("r1"), result("r2")] },
      ...[result("r2"), result("r0")],
    ],
  });
});

test("one of a single tree leaves what that did, or nothing", async () => {
  const read = storeOf({ a: { shape: "one", members: [inner(0, "b")] }, b: { shape: "one", members: [] } });
  expect(await read("a")).toEqual({ kind: "result", data: undefined });
});

test("a failure says why, also that of a barrier and of a task that was not made", async () => {
  const cause = { state: "failed", reason: "rejected", task: "x" };
  const unmade = { source: { kind: "task", id: unmadeAs(taskIdOf("y")) }, name: undefined } as const;
  const read = storeOf({
    a: {
      shape: "list",
      members: [
        member(0, { state: "failed", reason: "max_attempts", failure: bytes("f"), attempt: 3 }),
        inner(1, "b", "failed"),
        member(2, { ...unmade, state: "failed", result: undefined, attempt: 0 }),
        member(3, { state: "cancelled" }),
      ],
    },
    b: { shape: "list", members: [], cause },
  });
  expect(await read("a")).toMatchObject({
    items: [
      { kind: "failure", cause: { task: "t0", reason: "max_attempts", attempt: 3, failure: bytes("f") } },
      { kind: "failure", cause },
      { kind: "failure", cause: { task: "y", reason: "not_made" } },
      { kind: "failure", cause: { task: "t3", reason: "cancel_requested" } },
    ],
  });
});

test("what is beyond the bounds, or not there, is not read", async () => {
  const read = storeOf({ a: { shape: "list", members: [member(0), member(1), member(2)] } });
  expect(await read("nothing")).toBeUndefined();
  expect(await read("a", { ...wide, itemsMax: 2 })).toBeUndefined();
  expect(await read("a", { ...wide, itemsMax: 3 })).toBeDefined();
  expect(await read("a", { ...wide, bytesMax: 5 })).toBeUndefined();
  expect(await read("a", { ...wide, bytesMax: 6 })).toBeDefined();
});
