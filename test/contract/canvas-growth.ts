import { expect } from "vitest";
import { expandMembers } from "../../server/src/canvas/expand.ts";
import { createGrow } from "../../server/src/canvas/growth.ts";
import type { Barrier } from "../../server/src/model/canvas.ts";
import type { CanvasNode } from "../../server/src/model/canvas-node.ts";
import { canvasIdOf, defaultNamespace, partIdOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { Problem } from "../../server/src/model/problem.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { calling, chain, group, leaf, newCanvas, unmarked } from "../support/new-canvas.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { addTo, canvasOf, failing, named, replace, rootOf, runOnce, valueLeft } from "./canvas-subject.ts";
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

  test("callbacks for first attempts are made, once, when a group is sealed of which each member was tried and one is tried again", async (subject) => {
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 1000 };
    const open = { ...calling(group("wait", leaf("a"), leaf("b")), "attempted", "all tried"), isOpen: true };
    await subject.store.submitCanvas(newCanvas("c", open), subject.now);
    const [a, b] = await subject.claim();
    if (a === undefined || b === undefined) throw new Error("two were to be had");
    await subject.settle(a, again);
    await subject.settle(b, named(b));
    expect(await runOnce(subject)).toEqual([]);
    await addAs(subject, "seal", { isLast: true, nodes: [] });
    expect(await runOnce(subject)).toEqual(["all tried"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "open", ended: 0 });
    subject.advance(1000);
    await subject.stage();
    expect(await runOnce(subject)).toEqual(["a"]);
    expect(await runOnce(subject)).toEqual([]);
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

  test("what settlements add to a canvas that is gone is nothing, whenever that was known, and they stand", async (subject) => {
    const { store, advance } = subject;
    const node = group("fail_fast", leaf("a"), leaf("b"), leaf("c"), leaf("d"), leaf("e"));
    await store.submitCanvas(newCanvas("c", node), subject.now);
    const [a, ...others] = await subject.claim();
    if (a === undefined || others.length !== 4) throw new Error("five were to be had");
    const early = await Promise.all(others.slice(0, 2).map((one, at) => wishOf(subject, one, at === 0)));
    await subject.settle(a, failing);
    advance(4 * 86_400_000);
    expect(await store.pruneCanvases(subject.now, 100)).toBe(1);
    const late = await Promise.all(others.slice(2).map((one, at) => wishOf(subject, one, at === 0)));
    const reasons = [];
    for (const [at, outcome] of [...early, ...late].entries()) {
      const one = others[at];
      if (one === undefined) throw new Error("a task is missing");
      expect(await subject.settle(one, outcome)).toMatchObject({ kind: "applied" });
      const { state, reason } = await subject.task(one.id);
      reasons.push([state, reason]);
    }
    const [swapped, grown] = [
      ["succeeded", "replaced"],
      ["succeeded", undefined],
    ];
    expect(reasons).toEqual([swapped, grown, swapped, grown]);
    expect(await runOnce(subject)).toEqual([]);
    expect(await store.readBarriers([rootOf("c")])).toEqual([undefined]);
  });
}

/** What a task comes to that wishes another one in its place, or beside it, as the broker makes it. */
async function wishOf(
  { store, now }: Subject,
  { id, content }: Claimed,
  isInPlace: boolean,
): Promise<Outcome> {
  const complete = (_: unknown, submissions: readonly unknown[]) =>
    submissions.map(() => newTask(`more of ${id}`));
  const failureOf = (problem: Problem) => bytesOf(JSON.stringify(problem));
  const draft = { kind: "task", submission: {}, path: "node", hands: undefined } as never;
  const wish = {
    contentHash: id,
    replacement: isInPlace ? draft : undefined,
    members: isInPlace ? [] : [draft],
  };
  const made = await createGrow({ store, complete, markFamily: () => unmarked, failureOf })(
    { namespace: defaultNamespace, id },
    wish,
    now,
  );
  if ("failure" in made) return { kind: "failed", failure: made.failure, nonRetryable: true };
  const { growth } = made;
  return isInPlace ? { kind: "replaced", growth } : { kind: "succeeded", result: content, growth };
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
  const root = { namespace, canvas: canvasIdOf("c"), seed: request, mark: unmarked };
  const { start, parts } = expandMembers(nodes, id, root, callbacks);
  const members = { ...start, id: partIdOf(request) };
  return subject.store.addMembers({ ref: { namespace, id }, members, parts, isLast }, subject.now);
}
