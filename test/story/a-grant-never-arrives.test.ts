import { expect, test } from "vitest";
import { openRooms, type Rooms } from "../support/rooms.ts";

/** The leases of whoever is silent end, and the reaper comes. */
const outlast = ({ clock, defaults }: Rooms): Promise<void> =>
  clock.advance(defaults.leaseMs + defaults.leaseGraceMs + defaults.reapIntervalMs);

test("a task that was sent and never received costs no delivery when its worker dies, one that was received does", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "arrived" }, { id: "lost" });
  const worker = await rooms.worker();
  const [first] = await worker.take(1);
  worker.session.received([{ first: 1, last: 1 }]);
  const [second] = await worker.take(1);
  expect([first?.taskId, second?.taskId]).toEqual(["arrived", "lost"]);
  worker.lose();
  await outlast(rooms);
  expect(await rooms.read("arrived")).toMatchObject({ state: "ready", deliveries: 1, attempt: 1 });
  expect(await rooms.read("lost")).toMatchObject({
    state: "ready",
    reason: "lease_expired",
    deliveries: 0,
    attempt: 1,
  });
  await rooms.close();
});

test("a worker that never says what it received is taken to have received all", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  await worker.takeOne();
  worker.lose();
  await outlast(rooms);
  expect(await rooms.read("a")).toMatchObject({ state: "ready", deliveries: 1 });
  await rooms.close();
});

test("a task that never arrives anywhere does not run out of deliveries", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", policy: { maxDeliveries: 2 } });
  for (let time = 0; time < 3; time += 1) {
    const worker = await rooms.worker({ name: `w${time}` });
    worker.session.received([]);
    await worker.takeOne();
    worker.lose();
    await outlast(rooms);
  }
  expect(await rooms.read("a")).toMatchObject({ state: "ready", deliveries: 0 });
  await rooms.close();
});
