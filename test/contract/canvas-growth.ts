import { expect } from "vitest";
import { expandMembers } from "../../server/src/canvas/expand.ts";
import type { Barrier } from "../../server/src/model/canvas.ts";
import type { CanvasNode } from "../../server/src/model/canvas-node.ts";
import { canvasIdOf, defaultNamespace, partIdOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { calling, chain, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { bytesOf } from "../support/new-task.ts";
import { addTo, canvasOf, named, replace, runOnce, valueLeft } from "./canvas-subject.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What is added to canvases while they go on. */
export function canvasGrowthCases(suite: Suite): void {
  const { case: test } = suite;

  test("callbacks for first attempts are made for a group without members, and for one that is sealed after all of them", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("e", calling(group("wait"), "attempted", "none tried")),
      subject.now,
    );
    expect(await runOnce(subject)).toEqual(["none tried"]);
    const open = { ...calling(group("wait", leaf("a")), "attempted", "all tried"), isOpen: true };
    await subject.store.submitCanvas(newCanvas("c", open), subject.now);
    expect(await runOnce(subject)).toEqual(["a"]);
    expect(await runOnce(subject)).toEqual([]);
    expect(await addAs(subject, "seal", { isLast: true, nodes: [] })).toEqual({ kind: "added", first: 1 });
    expect(await runOnce(subject)).toEqual(["all tried"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
  });

  test("a member with a tree in its place has been tried once, whichever of its attempts put that there", async (subject) => {
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 0 };
    const node = group("wait", leaf("a"), leaf("b"), leaf("c"));
    await subject.store.submitCanvas(newCanvas("c", calling(node, "attempted", "all tried")), subject.now);
    const [a, b, c] = await subject.claim();
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were to be had");
    await subject.settle(a, again);
    await replace(subject, b, leaf("in place of b"));
    const [a2, ofB] = await subject.claim();
    if (a2 === undefined || ofB === undefined) throw new Error("two were to be had");
    await replace(subject, a2, leaf("in place of a"));
    await subject.settle(ofB, named(ofB));
    expect(await runOnce(subject)).toEqual(["in place of a"]);
    expect(await runOnce(subject)).toEqual([]);
    await subject.settle(c, again);
    expect(await runOnce(subject)).toEqual(["all tried", "c"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
  });

  test("what follows the first task of an added chain ends as the same member", async (subject) => {
    const open = { ...group("wait", leaf("a")), isOpen: true };
    await subject.store.submitCanvas(newCanvas("c", open), subject.now);
    const a = await subject.claimOne();
    await addTo(subject, a, chain(leaf("b"), leaf("c")), leaf("d"));
    await addAs(subject, "one", { isLast: true, nodes: [chain(leaf("e"), group("wait", leaf("f")))] });
    expect(await runOnce(subject)).toEqual(["b", "d", "e"]);
    expect(await runOnce(subject)).toEqual(["c", "f"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
    expect(await valueLeft(subject, "c")).toEqual(["a", "c", "d", ["f"]]);
  });
}

/** The only group of canvas "c" that takes members. */
async function openGroup({ store }: Subject): Promise<Barrier> {
  const page = { namespace: defaultNamespace, canvas: canvasIdOf("c"), after: undefined, limit: 10 };
  const barrier = (await store.listBarriers(page)).find(({ isSealed }) => !isSealed);
  if (barrier === undefined) throw new Error("no group is open");
  return barrier;
}

/** Adds members to it, as the broker would. */
async function addAs(
  subject: Subject,
  request: string,
  { isLast, nodes }: { readonly isLast: boolean; readonly nodes: readonly CanvasNode[] },
) {
  const { id, namespace, callbacks } = await openGroup(subject);
  const root = { namespace, canvas: canvasIdOf("c"), seed: request };
  const { start, parts } = expandMembers(nodes, id, root, callbacks);
  const members = { ...start, id: partIdOf(request) };
  return subject.store.addMembers({ ref: { namespace, id }, members, parts, isLast }, subject.now);
}
