import { expect, test } from "vitest";
import { openRooms, taskRefOf } from "../../../test/support/rooms.ts";
import { limits } from "../model/limits.ts";
import type { Store } from "../ports/store.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";

/** A store where something else happens to the task `times` times between being read and being written. */
function aBusyStore(times: number) {
  const store = createMemoryStore({ limits });
  const meanwhile = { run: (): Promise<unknown> => Promise.resolve(), left: times };
  const busy: Store = {
    ...store,
    async apply(changes) {
      if (meanwhile.left > 0) {
        meanwhile.left -= 1;
        await meanwhile.run();
      }
      return store.apply(changes);
    },
  };
  return { store: busy, meanwhile };
}

test("a task that is unknown cannot be cancelled", async () => {
  const rooms = await openRooms();
  await expect(rooms.broker.cancel(taskRefOf("nobody"), { reason: "" })).rejects.toMatchObject({
    problem: { reason: "TASK_UNKNOWN", taskId: "nobody" },
  });
  await rooms.close();
});

test("a cancel that loses against a claim becomes a request, and the worker is told", async () => {
  const { store, meanwhile } = aBusyStore(1);
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  meanwhile.run = () => worker.take();
  expect(await rooms.broker.cancel(taskRefOf("a"), { reason: "stop" })).toEqual({
    kind: "requested",
    state: "leased",
  });
  expect(worker.cancels).toMatchObject([{ reason: "stop" }]);
  await rooms.close();
});

test("a cancel that loses against the settlement says so", async () => {
  const { store, meanwhile } = aBusyStore(1);
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  meanwhile.run = () => worker.succeed(lease);
  const verdict = await rooms.broker.cancel(taskRefOf("a"), { reason: "stop" });
  expect(verdict).toEqual({ kind: "already_terminal", state: "succeeded" });
  await rooms.close();
});

test("a task that never stands still is given up after a while", async () => {
  const { store, meanwhile } = aBusyStore(1000);
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  meanwhile.run = async () => {
    await worker.settle(await worker.takeOne(), { kind: "released" });
  };
  await expect(rooms.broker.cancel(taskRefOf("a"), { reason: "stop" })).rejects.toMatchObject({
    problem: { reason: "REVISION_CONFLICT", taskId: "a" },
  });
  expect(await rooms.read("a")).toMatchObject({ state: "ready", cancel: undefined });
  meanwhile.left = 0;
  await rooms.close();
});
