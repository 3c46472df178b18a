import { expect, test } from "vitest";
import { linking, linkOn } from "../../../test/support/new-link.ts";
import { childrenOf, type EndedTask, linkedBytes, linkedId, renewed } from "./continuation.ts";
import { defaultNamespace, instantOf, plus, taskIdOf, taskNameOf } from "./ids.ts";

const now = instantOf(5000);
const parent: EndedTask = {
  ...{ namespace: defaultNamespace, id: taskIdOf("p"), name: taskNameOf("a"), rootId: taskIdOf("r") },
  ...{ on: "succeeded", reason: undefined, attempt: 2, data: Uint8Array.of(1) },
};

test("each has the id of its place among those for its end, or its own, and the family of its parent", () => {
  const links = [linkOn("failed"), linkOn("succeeded"), linkOn("succeeded", { ownId: taskIdOf("own") })];
  const children = childrenOf(links, parent, now);
  expect(children.map(({ id }) => id)).toEqual([
    linkedId(defaultNamespace, parent.id, "succeeded", 0),
    "own",
  ]);
  expect(children[0]).toMatchObject({
    lineage: { parentId: "p", rootId: "r" },
    input: { rootId: "r", attempt: 2 },
  });
  expect(childrenOf(links, { ...parent, rootId: undefined }, now)[0]?.lineage?.rootId).toBe("p");
  expect(childrenOf(links, parent, plus(now, 9))[0]?.id).toBe(children[0]?.id);
  const ids = (["succeeded", "failed"] as const).map((on) => linkedId(defaultNamespace, parent.id, on, 0));
  expect(new Set(ids).size).toBe(2);
});

test("what is not handed anything has nothing of it but where it comes from", () => {
  const [child] = childrenOf([linkOn("succeeded", { hands: undefined })], parent, now);
  expect(child?.input).toMatchObject({ from: "p", isHanded: false, data: undefined });
});

test("what was counted from an acceptance is counted from when the task is made", () => {
  const acceptedAt = instantOf(1000);
  const unique = {
    key: "k",
    onConflict: "return",
    keepUntil: instantOf(1300),
    startBy: instantOf(1400),
  } as const;
  const [child] = childrenOf([linkOn("succeeded", { acceptedAt, task: { unique } })], parent, now);
  expect(child?.unique).toEqual({ ...unique, keepUntil: 5300, startBy: 5400 });
  const fixed = { acceptedAt, isStartFixed: true, task: { notBefore: instantOf(4999) } };
  expect(childrenOf([linkOn("succeeded", fixed)], parent, now)[0]?.notBefore, "is over").toBeUndefined();
});

test("a task that runs again has links without ids of their own, to the last", () => {
  const inner = linkOn("failed", { ownId: taskIdOf("inner") });
  const [link] = renewed([linkOn("succeeded", { ownId: taskIdOf("own"), task: linking(inner) })]);
  expect(link?.ownId).toBeUndefined();
  expect(link?.task.links?.[0]).toEqual({ ...inner, ownId: undefined });
});

test("all that links contain is counted, and what was handed on", () => {
  const content = new Uint8Array(10);
  const inner = linking(linkOn("failed", { task: { content } }));
  const links = [linkOn("succeeded", { task: { ...inner, content } })];
  expect(linkedBytes({ links })).toBe(20);
  expect(linkedBytes({ links, ...childrenOf(links, parent, now)[0] })).toBe(11);
});
