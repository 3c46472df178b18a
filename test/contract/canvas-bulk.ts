import { expect } from "vitest";
import type { NewCanvas } from "../../server/src/model/canvas.ts";
import type { TaskNode } from "../../server/src/model/canvas-node.ts";
import { taskIdOf } from "../../server/src/model/ids.ts";
import { calling, chain, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { newTask } from "../support/new-task.ts";
import { retry } from "./canvas-retry-subject.ts";
import { canvasOf, named, rootOf, runOnce, tasksOf, valueLeft } from "./canvas-subject.ts";
import type { Suite } from "./suite.ts";

/** Canvases whose members are made slice by slice, two at a time. */
export function canvasBulkCases(suite: Suite): void {
  const { case: test } = suite;

  test("a chord whose header comes in slices runs as one that comes as a whole", async (subject) => {
    const { store, now } = subject;
    const canvas = inSlices("c", [leaf("a"), leaf("b"), leaf("c"), leaf("d"), leaf("e")]);
    expect(await store.submitCanvas(canvas, now)).toBe("accepted");
    expect(await runOnce(subject)).toEqual(["a", "b", "c", "d", "e"]);
    const body = await subject.claim();
    const last = body.find(({ input }) => input?.isBarrier);
    expect(await valueLeft(subject, last?.input?.from ?? "")).toEqual(["a", "b", "c", "d", "e"]);
    for (const one of body) await subject.settle(one, named(one));
    expect(await canvasOf(subject, "c")).toMatchObject({
      state: "succeeded",
      canvasFacts: { contentHash: "hash of c", description: canvas.facts.description },
    });
    expect(await store.submitCanvas(inSlices("c", [leaf("a")]), now)).toBe("duplicate");
    const other = inSlices("c", [leaf("a")]);
    const facts = { ...other.facts, contentHash: "another" };
    expect(await store.submitCanvas({ ...other, facts }, now)).toBe("exists");
    expect(await subject.claim()).toEqual([]);
  });

  test("a member in a late slice whose id is another's keeps all of its canvas out, and the next one comes in", async (subject) => {
    const { store, now } = subject;
    await subject.accept(newTask("taken"));
    const members = [leaf("a"), leaf("b"), leaf("c"), leaf("d", {}, { ownId: taskIdOf("taken") })];
    expect(await store.submitCanvas(inSlices("c", members), now)).toEqual({ task: "taken", why: "exists" });
    expect(await store.readBarriers([rootOf("c")])).toEqual([undefined]);
    expect(await tasksOf(subject, {})).toHaveLength(1);
    expect(await store.submitCanvas(inSlices("c", members.slice(0, 3)), now)).toBe("accepted");
    expect((await subject.claim()).length).toBe(4);
  });

  test("what is wrong with a member that is made late keeps all of its canvas out, and harms nobody else", async (subject) => {
    const { store, now } = subject;
    const { bulk, ...canvas } = inSlices("c", [leaf("a"), leaf("b"), leaf("c")]);
    if (bulk === undefined) throw new Error("its members are in bulk");
    function* slices() {
      yield* bulk?.slices() ?? [];
      throw new Error("a fault in the last one");
    }
    const broken = store.submitCanvas({ ...canvas, bulk: { count: 4, slices } }, now);
    // Whoever comes at the same time.
    const others = [subject.accept(newTask("x")), store.submitCanvas(inSlices("d", [leaf("y")]), now)];
    await expect(broken).rejects.toThrow("a fault in the last one");
    expect(await Promise.all(others)).toEqual([["accepted"], "accepted"]);
    expect(await store.readBarriers([rootOf("c")])).toEqual([undefined]);
    expect(await runOnce(subject)).toEqual(["content of x", "y"]);
    expect(await store.submitCanvas(inSlices("c", [leaf("a"), leaf("b"), leaf("c")]), now)).toBe("accepted");
    // The other two are of the one that came in.
    expect(await runOnce(subject)).toEqual(["a", "b", "body", "c", "completed"]);
  });

  test("a member in a late slice whose unique key is another's has failed in its place, and a retry makes it", async (subject) => {
    const { store, now } = subject;
    const unique = {
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key: "k", onConflict: "return", keepUntil: undefined, startBy: undefined } as const,
    };
    await subject.accept(newTask("holder", unique));
    expect(await store.submitCanvas(inSlices("c", [leaf("a"), leaf("b"), leaf("late", unique)]), now)).toBe(
      "accepted",
    );
    expect(await runOnce(subject)).toEqual(["a", "b", "completed", "content of holder"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed" });
    expect(await retry(subject, "c", "d")).toMatchObject({ started: 1 });
    expect(await runOnce(subject)).toEqual(["late"]);
  });
}

/** A chord of these, with a callback, whose body is called body. */
function inSlices(id: string, members: readonly TaskNode[]): NewCanvas {
  const header = {
    ...calling(group("fail_fast"), "completed", "completed"),
    bulk: {
      count: members.length,
      *slices() {
        for (let at = 0; at < members.length; at += 2) yield members.slice(at, at + 2);
      },
    },
  };
  return newCanvas(id, chain(header, leaf("body")));
}
