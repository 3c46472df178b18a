import { expect, test } from "vitest";
import { openRooms } from "../support/rooms.ts";

test("a poison task fails for good after max_deliveries", async () => {
  const rooms = await openRooms();
  const { clock, defaults } = rooms;
  const [id = ""] = await rooms.enqueue({ policy: { maxDeliveries: 3 } });
  const aLease = defaults.leaseMs + defaults.leaseGraceMs + defaults.reapIntervalMs;

  for (const delivery of [1, 2, 3]) {
    const victim = await rooms.worker({ name: `victim-${delivery}` });
    expect(await victim.takeOne()).toMatchObject({ taskId: id, delivery, attempt: 1 });
    victim.lose();
    await clock.advance(aLease);
  }

  expect(await rooms.read(id)).toMatchObject({ state: "failed", reason: "max_deliveries", deliveries: 3 });
  const survivor = await rooms.worker({ name: "survivor" });
  await rooms.enqueue({ id: "harmless" });
  expect(await survivor.takeOne(), "nobody gets it any more").toMatchObject({ taskId: "harmless" });
  await rooms.close();
});

test("a name that no worker knows is tried elsewhere for a while, then fails for good", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({ policy: { maxDeliveries: 2 } });
  const worker = await rooms.worker();
  expect(await worker.settle(await worker.takeOne(), { kind: "unknown_name" })).toEqual({
    kind: "accepted",
    state: "scheduled",
  });
  expect(await rooms.read(id)).toMatchObject({ reason: "unknown_name", attempt: 1, deliveries: 1 });
  const again = worker.takeOne();
  await rooms.clock.advance(rooms.defaults.unknownNameDelayMs + 20);
  expect(await worker.settle(await again, { kind: "unknown_name" })).toEqual({
    kind: "accepted",
    state: "failed",
  });
  await rooms.close();
});
