import { expect } from "vitest";
import { againAs } from "../../server/src/broker/replay.ts";
import { canvasIdOf, defaultNamespace, taskIdOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { calling, chain, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { bytesOf } from "../support/new-task.ts";
import { canvasOf, failing, named, runOnce, valueLeft } from "./canvas-subject.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Members that operators run again by themselves. */
export function canvasReplayCases({ case: test }: Suite): void {
  test("a member that is replayed runs outside of its canvas, where neither its attempts nor its end count", async (subject) => {
    const node = group("wait", chain(leaf("a"), leaf("after a")), leaf("b"), leaf("c"));
    const tried = calling(node, "attempted", "all tried");
    await subject.store.submitCanvas(newCanvas("c", calling(tried, "failed", "failed")), subject.now);
    const [a, b, c] = await subject.claim();
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were to be had");
    await subject.settle(a, failing);
    await subject.settle(b, failing);
    for (const of of [a, b]) await replay(subject, of.id);
    const before = await groupIn(subject);
    expect(before).toMatchObject({ state: "open", ended: 2, unsuccessful: 2, attempted: 2 });
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 0 };
    expect(await runOnce(subject, () => again)).toEqual(["a", "b"]);
    expect(await runOnce(subject)).toEqual(["a", "b"]);
    expect(await groupIn(subject)).toEqual(before);
    expect(await runOnce(subject)).toEqual([]);
    await subject.settle(c, named(c));
    expect(await runOnce(subject)).toEqual(["all tried", "failed"]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed", ended: 1, unsuccessful: 1 });
    expect(await valueLeft(subject, "c")).toEqual({ failed: "non_retryable" });
    const { place, next, policy, replayOf } = await subject.task(`again ${b.id}`);
    expect({ place, next, member: policy.member }).toEqual({ place: undefined });
    expect(replayOf).toBe(b.id);
  });
}

/** Enqueues a task again, as the broker would. */
async function replay(subject: Subject, id: string): Promise<void> {
  const task = againAs(await subject.task(id), taskIdOf(`again ${id}`), {
    ...{ queue: undefined, start: undefined, rewrite: undefined },
  });
  expect(await subject.store.accept({ tasks: [task], now: subject.now, atomic: false })).toEqual([
    "accepted",
  ]);
}

/** The only group of canvas "c". */
async function groupIn({ store }: Subject) {
  const page = { namespace: defaultNamespace, canvas: canvasIdOf("c"), after: undefined, limit: 10 };
  return (await store.listBarriers(page)).find(({ shape }) => shape === "list");
}
