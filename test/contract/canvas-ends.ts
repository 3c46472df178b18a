import { expect } from "vitest";
import type { Cause } from "../../server/src/model/canvas.ts";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { calling, chain, chord, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, defaultQueue } from "../support/new-task.ts";
import { canvasOf, failing, named, rootOf, runOnce, tasksOf, textOf, valueLeft } from "./canvas-subject.ts";
import { lease } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What ends other than success mean for a canvas, and callbacks. */
export function canvasEndCases(suite: Suite): void {
  const { case: test } = suite;

  test("a task of a chain that fails is the end of it: what follows is not made, and the canvas has failed for its reason", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chain(leaf("a"), leaf("b"))), subject.now);
    const a = await subject.claimOne();
    await subject.settle(a, failing);
    expect(await canvasOf(subject, "c")).toMatchObject({
      ...{ state: "failed", ended: 1, unsuccessful: 1 },
      cause: { state: "failed", reason: "non_retryable", task: a.id, attempt: 1, failure: bytesOf("broken") },
    });
    expect(await tasksOf(subject, {})).toHaveLength(1);
  });

  test("a member that is tried again counts when it has ended for good", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chord(leaf("body"), leaf("a"))), subject.now);
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 0 };
    await runOnce(subject, () => again);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "open", ended: 0 });
    expect(await runOnce(subject)).toEqual(["a"]);
    expect(await runOnce(subject)).toEqual(["body"]);
  });

  test("a group that fails fast has failed with its first member, and what goes on under it is told", async (subject) => {
    const { store } = subject;
    await store.submitCanvas(
      newCanvas("c", chord(leaf("body"), leaf("a"), leaf("b"), group("wait", leaf("d")))),
      subject.now,
    );
    const [a, b] = await subject.claim({ limit: 2 });
    if (a === undefined || b === undefined) throw new Error("two were to be had");
    await subject.settle(a, failing);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed", cause: { task: a.id } });
    const [ref] = await store.barriersWithRest(10);
    if (ref === undefined) throw new Error("there is a rest");
    const rest = await store.readRest(ref, 10);
    expect(rest.tasks.map(({ id }) => id)).toEqual([b.id]);
    expect(rest.barriers).toHaveLength(1);
    await subject.cancel(b.id);
    for (const child of rest.barriers)
      expect(
        await store.closeBarrier({ ref: child, state: "cancelled", cause: undefined, now: subject.now }),
      ).toBe(true);
    expect(await store.readRest(ref, 10)).toEqual({ tasks: [], barriers: [] });
    await store.markSwept([ref]);
    const [inner] = await store.barriersWithRest(10);
    expect(inner).toEqual(rest.barriers[0]);
    const [d] = inner === undefined ? [] : (await store.readRest(inner, 10)).tasks;
    await subject.cancel(d?.id ?? "");
    if (inner !== undefined) await store.markSwept([inner]);
    expect(await store.barriersWithRest(10)).toEqual([]);
    await subject.settle(b, named(b));
    expect(await subject.claim()).toEqual([]);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed", cause: { task: a.id } });
  });

  test("what was said when a canvas was cancelled stays with it, for whoever tells what goes on under it", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", group("wait", leaf("a"), leaf("b"))), subject.now);
    for (const cancel of [
      { reason: "not needed", requester: "ada" },
      { reason: "", requester: undefined },
    ]) {
      const cause: Cause = {
        ...{ state: "cancelled", reason: "cancel_requested", task: undefined, name: undefined },
        ...{ attempt: 0, failure: undefined, cancel },
      };
      const id = cancel.reason === "" ? "d" : "c";
      if (id === "d") await subject.store.submitCanvas(newCanvas("d", chain(leaf("a"))), subject.now);
      const closing = { ref: rootOf(id), state: "cancelled", cause, now: subject.now } as const;
      expect(await subject.store.closeBarrier(closing)).toBe(true);
      expect(await canvasOf(subject, id)).toMatchObject({ state: "cancelled", cause });
    }
  });

  test("a group that waits fails after its last member, and one that carries on succeeds with the failure among its values", async (subject) => {
    await subject.store.submitCanvas(
      newCanvas("w", chain(group("wait", leaf("bad"), leaf("b")), leaf("body"))),
      subject.now,
    );
    await subject.store.submitCanvas(
      newCanvas("v", chain(group("carry_on", leaf("bad"), leaf("b")), leaf("body"))),
      subject.now,
    );
    await runOnce(subject, (one) => (textOf(one.content) === "bad" ? failing : named(one)));
    expect(await canvasOf(subject, "w")).toMatchObject({ state: "failed", ended: 1 });
    const body = await subject.claimOne();
    expect(await valueLeft(subject, body.input?.from ?? "")).toEqual([{ failed: "non_retryable" }, "b"]);
    expect(await subject.claim()).toEqual([]);
  });

  test("members that are cancelled, expire, are purged, are lost, tried too often or of an unknown name reach their barrier", async (subject) => {
    const policy = { maxDeliveries: 1 };
    await subject.store.submitCanvas(
      newCanvas(
        "c",
        group(
          "carry_on",
          leaf("lost", { policy, priority: 9 }),
          leaf("unknown", { policy, priority: 8 }),
          leaf("tried", { policy: { maxAttempts: 1 }, priority: 7 }),
          leaf("cancelled"),
          leaf("expired", { policy: { expireMs: 5 } }),
          leaf("purged"),
        ),
      ),
      subject.now,
    );
    const [lost, unknown, tried] = await subject.claim({ limit: 3 });
    if (unknown !== undefined) await subject.settle(unknown, { kind: "unknown_name" });
    if (tried !== undefined)
      await subject.settle(tried, { kind: "retry", delayMs: 0, failure: bytesOf("once more") });
    const tasks = await tasksOf(subject, {});
    await subject.cancel(tasks.find(({ content }) => textOf(content) === "cancelled")?.id ?? "");
    subject.advance(6);
    await subject.store.expireOverdue(subject.now, 10);
    await subject.store.purge(
      { namespace: defaultNamespace, queue: defaultQueue },
      Number.MAX_SAFE_INTEGER,
      subject.now,
      10,
    );
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "open" });
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(lost).toBeDefined();
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
    expect(await valueLeft(subject, "c")).toEqual([
      { failed: "max_deliveries" },
      { failed: "max_deliveries" },
      { failed: "max_attempts" },
      { failed: "cancel_requested" },
      { failed: undefined },
      { failed: "purged" },
    ]);
  });

  test("a success in spite of a cancel counts, and starts nothing", async (subject) => {
    await subject.store.submitCanvas(newCanvas("c", chain(leaf("a"), leaf("b"))), subject.now);
    await subject.store.submitCanvas(newCanvas("d", leaf("a")), subject.now);
    for (const one of await subject.claim()) {
      await subject.cancel(one.id);
      await subject.settle(one, named(one));
    }
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed", cause: { state: "cancelled" } });
    expect(await canvasOf(subject, "d")).toMatchObject({ state: "succeeded" });
    expect(await subject.claim()).toEqual([]);
  });

  test("callbacks run once for the end that they are for, error callbacks with what failed", async (subject) => {
    const inner = (["succeeded", "failed", "attempted", "completed"] as const).reduce(
      (node, on) => calling(node, on, `inner ${on}`),
      group("wait", leaf("bad"), leaf("b")),
    );
    await subject.store.submitCanvas(
      newCanvas("c", calling(chain(leaf("a"), inner), "failed", "outer failed")),
      subject.now,
    );
    expect(await runOnce(subject)).toEqual(["a"]);
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 0 };
    await runOnce(subject, (one) => (textOf(one.content) === "bad" ? again : named(one)));
    expect((await tasksOf(subject, { states: ["ready"] })).map(({ content }) => textOf(content))).toEqual([
      "inner attempted",
      "bad",
    ]);
    expect(await runOnce(subject, (one) => (textOf(one.content) === "bad" ? failing : named(one)))).toEqual([
      "bad",
      "inner attempted",
    ]);
    const called = await subject.claim();
    expect(called.map(({ content }) => textOf(content)).toSorted()).toEqual([
      "inner completed",
      "inner failed",
      "outer failed",
    ]);
    for (const one of called)
      if (!textOf(one.content).endsWith("completed"))
        expect(one.input).toMatchObject({
          on: "failed",
          data: bytesOf("broken"),
          attempt: 2,
          reason: "non_retryable",
        });
    expect(called.map(({ id }) => id).every((id) => id.length > 0)).toBe(true);
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "failed" });
  });

  test("a callback on a task is made beside what follows it, and is not waited for", async (subject) => {
    const details = linking(linkOn("succeeded", { task: { content: bytesOf("called") } }));
    await subject.store.submitCanvas(newCanvas("c", chain(leaf("a", details), leaf("b"))), subject.now);
    await runOnce(subject);
    const [first, second] = await subject.claim();
    for (const one of [first, second])
      if (one !== undefined && textOf(one.content) === "b") await subject.settle(one, named(one));
    expect(await canvasOf(subject, "c")).toMatchObject({ state: "succeeded" });
  });

  test("a canvas is cancelled, or fails when its time is over, before its members have ended", async (subject) => {
    const { store } = subject;
    const deadline = plus(subject.now, 100);
    for (const id of ["late", "later"])
      await store.submitCanvas(
        newCanvas(id, calling(chain(leaf("a"), leaf("b")), "failed", "called"), {
          deadline: id === "late" ? deadline : plus(deadline, 1),
        }),
        subject.now,
      );
    expect(await store.overdueCanvases(plus(deadline, -1), 10)).toEqual([]);
    expect(await store.overdueCanvases(plus(deadline, 1), 10)).toEqual([rootOf("late"), rootOf("later")]);
    subject.advance(100);
    const [ref] = await store.overdueCanvases(subject.now, 10);
    expect(ref).toEqual(rootOf("late"));
    const closing = { ref: rootOf("late"), state: "failed", cause: undefined, now: subject.now } as const;
    expect(await store.closeBarrier(closing)).toBe(true);
    expect(await store.closeBarrier(closing)).toBe(false);
    expect(await store.closeBarrier({ ...closing, ref: rootOf("later"), state: "cancelled" })).toBe(true);
    expect(await store.closeBarrier({ ...closing, ref: rootOf("nobody") })).toBe(false);
    expect(await canvasOf(subject, "late")).toMatchObject({ state: "failed", hasRest: true });
    expect(await canvasOf(subject, "later")).toMatchObject({ state: "cancelled", hasRest: true });
    expect(await store.overdueCanvases(subject.now, 10)).toEqual([]);
    expect(await store.barriersWithRest(10)).toHaveLength(2);
    for (const { id } of await tasksOf(subject, { states: ["ready"] })) await subject.cancel(id);
    for (const id of ["late", "later"])
      expect(await canvasOf(subject, id)).toMatchObject({ ended: 1, unsuccessful: 1, cause: undefined });
  });
}
