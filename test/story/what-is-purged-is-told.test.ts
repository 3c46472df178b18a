import { expect, test } from "vitest";
import { defaultNamespace, type TaskId, taskIdOf } from "../../server/src/model/ids.ts";
import { openRooms, queueRefOf, type Rooms } from "../support/rooms.ts";

/** Waits for a task until it has ended; answers the state in which it was seen last. */
function waitFor({ backend }: Rooms, id: string) {
  const task: { readonly id: TaskId; readonly seenRevision: number } = { id: taskIdOf(id), seenRevision: 1 };
  const asked = { namespace: defaultNamespace, tasks: [task], timeoutMs: 60_000 };
  const seen: { state: string | undefined } = { state: undefined };
  const following = (async () => {
    for await (const news of backend.await(asked, new AbortController().signal))
      for (const each of news) if (each.kind === "task") seen.state = each.task.state;
  })();
  return { seen, following };
}

test.each([
  ["purged", ({ broker }: Rooms) => broker.purgeQueue(queueRefOf(), "any")],
  ["deleted", ({ broker }: Rooms) => broker.deleteQueue(queueRefOf(), true)],
])("whoever waits for a task of a queue that is %s hears of its end at once", async (_, deed) => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "waiting" });
  const { seen, following } = waitFor(rooms, "waiting");
  await rooms.clock.advance(0);
  expect(seen.state).toBeUndefined();
  await deed(rooms);
  // No time passes: nothing is read again because a second is over.
  await rooms.clock.advance(0);
  expect(seen.state).toBe("cancelled");
  await following;
  await rooms.close();
});

test("whoever waits for a task that comes back to a queue that is being deleted hears of its end with its cancel", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "running" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  await rooms.broker.deleteQueue(queueRefOf(), true);
  const { seen, following } = waitFor(rooms, "running");
  await worker.session.settle([{ token: lease.token, outcome: { kind: "released" } }]);
  await rooms.clock.advance(1000);
  expect(seen.state).toBe("cancelled");
  await following;
  await rooms.close();
});
