import { expect } from "vitest";
import { canvasIdOf, defaultNamespace } from "../../server/src/model/ids.ts";
import { decideSettle } from "../../server/src/model/task-machine.ts";
import { chain, chord, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { canvasOf, named, runOnce, tasksOf, textOf, valueLeft } from "./canvas-subject.ts";
import type { Suite } from "./suite.ts";

/** Canvases: what runs after what, and what it is handed. */
export function canvasCases(suite: Suite): void {
  const { case: test } = suite;

  test("the tasks of a chain run one after the other, each handed what the one before it returned", async (subject) => {
    const canvas = newCanvas("c", chain(leaf("a"), leaf("b", {}, { hands: { member: "from" } }), leaf("c")));
    expect(await subject.store.submitCanvas(canvas, subject.now)).toBe("accepted");
    expect(await runOnce(subject)).toEqual(["a"]);
    const [b] = await subject.claim();
    expect(textOf(b?.content)).toBe("b");
    expect(b?.input).toMatchObject({ on: "succeeded", member: "from", isHanded: true, data: bytesOf("a") });
    if (b !== undefined) await subject.settle(b, named(b));
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "open", ended: 0 });
    expect(await runOnce(subject)).toEqual(["c"]);
    expect(await canvasOf(subject, "c")).toMatchObject({
      state: "succeeded",
      ended: 1,
      endedAt: subject.now,
    });
    expect(await valueLeft(subject, "c")).toBe("c");
    expect(await runOnce(subject)).toEqual([]);
  });

  test("every task of a canvas says where it is in it, and is listed by it, newest first", async (subject) => {
    await subject.accept(newTask("stranger"));
    await subject.store.submitCanvas(newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"))), subject.now);
    await runOnce(subject);
    const tasks = await tasksOf(subject, { canvas: canvasIdOf("c") });
    expect(tasks.map(({ content, place }) => [textOf(content), place?.index])).toEqual([
      ["body", 0],
      ["b", 1],
      ["a", 0],
    ]);
    const [body, b] = tasks;
    expect(body).toMatchObject({
      state: "ready",
      place: { canvas: "c", barrier: "c", step: 1, reports: "end" },
    });
    expect(b?.lineage).toEqual({ parentId: undefined, rootId: "c" });
    const basic = await tasksOf(subject, { canvas: canvasIdOf("c"), full: false });
    expect(basic.map(({ content, place, next }) => ({ content, place, next }))).toEqual(
      tasks.map(({ place, next }) => ({ content: new Uint8Array(), place, next })),
    );
    expect(await tasksOf(subject, { canvas: canvasIdOf("other") })).toEqual([]);
    expect(await subject.eventsOf(body?.id ?? "")).toMatchObject([{ kind: "accepted" }]);
  });

  test("the body of a chord runs once all of its header has succeeded, and is handed the results in the header's order", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"), leaf("c"))),
      subject.now,
    );
    const header = await subject.claim();
    for (const one of header.toReversed().slice(0, 2)) await subject.settle(one, named(one));
    expect(await subject.claim()).toEqual([]);
    for (const one of header.slice(0, 1)) await subject.settle(one, named(one));
    const body = await subject.claimOne();
    expect(body.input).toMatchObject({ isBarrier: true, isHanded: true, data: undefined });
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(["a", "b", "c"]);
    await subject.settle(body, named(body));
    expect(await valueLeft(subject, "c")).toBe("body");
  });

  test("members that are settled in one call reach their barrier, and what follows runs once", async (subject) => {
    const leaves = Array.from({ length: 50 }, (_, at) => leaf(`m${String(at).padStart(2, "0")}`));
    await subject.store.submitCanvas(newCanvas("c", chord(leaf("body"), ...leaves)), subject.now);
    const header = await subject.claim();
    await subject.store.settle(
      header.map((one) => ({
        ...{ namespace: defaultNamespace, id: one.id, fence: one.fence, outcomeHash: 1, now: subject.now },
        decision: decideSettle(one, named(one), subject.now, 0.5),
      })),
    );
    const body = await subject.claimOne();
    expect(await subject.claim()).toEqual([]);
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual(
      leaves.map(({ task }) => textOf(task.content)),
    );
  });

  test("a group without members has ended when it begins, and what follows is handed nothing but a list of nothing", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chain(group("wait"), leaf("body"))), subject.now);
    const body = await subject.claimOne();
    expect(body.input).toMatchObject({ isBarrier: true });
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual([]);
    await subject.store.submitCanvas(newCanvas("d", group("wait")), subject.now);
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "succeeded" });
    expect(await valueLeft(subject, "d")).toEqual([]);
  });

  test("a group in the middle of a chain is handed what is before it, each of its members, and its list goes on", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas(
        "c",
        chain(leaf("a"), group("wait", leaf("b"), chain(leaf("d"), leaf("e"))), group("wait", leaf("f"))),
      ),
      subject.now,
    );
    expect(await runOnce(subject)).toEqual(["a"]);
    const [b, d] = await subject.claim();
    for (const one of [b, d]) {
      expect(one?.input).toMatchObject({ data: bytesOf("a") });
      if (one !== undefined) await subject.settle(one, named(one));
    }
    expect(await runOnce(subject)).toEqual(["e"]);
    const f = await subject.claimOne();
    expect(await valueLeft(subject, f.input?.from ?? "")).toEqual(["b", "e"]);
    await subject.settle(f, named(f));
    expect(await valueLeft(subject, "c")).toEqual(["f"]);
  });
}
