import { defineTask, TaskCancelledError } from "@stem/sdk";
import { implement, type TaskContext } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const render = defineTask<[], string>({ name: "render" });

/** A handler that says when it runs, and goes on until its signal aborts. */
function runsUntilAborted(end: (ctx: TaskContext) => string) {
  const running = Promise.withResolvers<void>();
  const implementation = implement(render, async (ctx) => {
    running.resolve();
    await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
    return end(ctx);
  });
  return { implementation, running: running.promise };
}

test("a task that waits is cancelled at once, and its result rejects", async () => {
  const { stem } = await startStem();
  const handle = await stem.enqueue(render);
  const waiting = handle.result({ timeoutMs: 5000 });
  expect(await handle.cancel("changed my mind")).toEqual({ outcome: "cancelled", state: "cancelled" });
  await expect(waiting).rejects.toMatchObject({ name: "TaskCancelledError", reason: "changed my mind" });
  expect(await handle.cancel()).toEqual({ outcome: "already_terminal", state: "cancelled" });
});

test("a task that runs is told, and is cancelled when its handler gives up", async () => {
  const { stem, work } = await startStem();
  const { implementation, running } = runsUntilAborted((ctx) => {
    throw ctx.signal.reason;
  });
  await work({ tasks: [implementation] });
  const handle = await stem.enqueue(render);
  await running;
  expect(await handle.cancel("too slow")).toEqual({ outcome: "requested", state: "leased" });
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toThrow(TaskCancelledError);
  expect(await handle.status()).toMatchObject({ state: "cancelled", cancelReason: "too slow" });
});

test("a handler that finishes in spite of the request has done its work", async () => {
  const { stem, work } = await startStem();
  const { implementation, running } = runsUntilAborted(
    ({ cancelReason }) => `done, although: ${cancelReason}`,
  );
  await work({ tasks: [implementation] });
  const handle = await stem.enqueue(render);
  await running;
  await handle.cancel("too slow");
  expect(await handle.result({ timeoutMs: 5000 })).toBe("done, although: too slow");
});

test("an operator says why and who, to the handler and in the record, of one task or of all with a tag", async () => {
  const { stem, work } = await startStem();
  const reasons: unknown[] = [];
  const { implementation, running } = runsUntilAborted((ctx) => {
    reasons.push(ctx.signal.reason);
    throw ctx.signal.reason;
  });
  await work({ tasks: [implementation], concurrency: 1 });
  const handle = await stem.enqueue(render, [], { tags: ["batch"] });
  await running;
  await stem.enqueue(render, [], { id: "waiting", tags: ["batch"] });
  await stem.enqueue(render, [], { id: "other", delayMs: 60_000 });
  const asked = { reason: "wrong order", requester: "ada" };
  expect(await stem.tasks.cancelAll({ tag: "batch" }, asked)).toEqual({ matched: 2, changed: 2, skipped: 0 });
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toThrow(TaskCancelledError);
  expect(reasons).toEqual([expect.objectContaining({ name: "TaskCancelled", ...asked })]);
  expect(await stem.handle(render, "waiting").status()).toMatchObject({
    ...{ state: "cancelled", cancelReason: "wrong order", cancelRequester: "ada" },
  });
  expect(await stem.tasks.cancel("other", asked)).toEqual({ outcome: "cancelled", state: "cancelled" });
});

test("a task that was revoked before it came ends cancelled at once, and a running one is told", async () => {
  const { stem, work } = await startStem();
  const { implementation, running } = runsUntilAborted((ctx) => {
    throw ctx.signal.reason;
  });
  await work({ tasks: [implementation] });
  await stem.enqueue(render, [], { id: "running" });
  await running;
  const revoked = await stem.tasks.revoke(["running", "to-come"], { reason: "withdrawn", ttlMs: 60_000 });
  expect(revoked).toEqual([
    { id: "running", outcome: "requested", state: "leased" },
    { id: "to-come", outcome: "revoked_ahead", state: undefined },
  ]);
  const handle = await stem.enqueue(render, [], { id: "to-come" });
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toMatchObject({ reason: "withdrawn" });
  expect(await handle.status()).toMatchObject({ state: "cancelled", deliveries: 0 });
});

test("a task is cancelled with what its handler has enqueued", async () => {
  const { stem, work } = await startStem();
  const below = defineTask<[], string>({ name: "below", options: { queue: "nobody" } });
  const enqueued = Promise.withResolvers<void>();
  await work({
    tasks: [
      implement(render, async (ctx) => {
        await ctx.enqueueMany([below.call([], { id: "one" }), below.call([], { id: "two" })]);
        enqueued.resolve();
        await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
        throw ctx.signal.reason;
      }),
    ],
  });
  const handle = await stem.enqueue(render);
  await enqueued.promise;
  expect(await handle.cancel({ reason: "all of it", descendants: true })).toEqual({
    ...{ outcome: "requested", state: "leased", descendants: 2 },
  });
  const two = stem.handle(below, "two");
  await expect(two.result({ timeoutMs: 5000 })).rejects.toMatchObject({ reason: "all of it" });
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toThrow(TaskCancelledError);
});
