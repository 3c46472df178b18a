import { expect, test } from "vitest";
import { openRooms } from "../../../test/support/rooms.ts";
import { plus } from "../model/ids.ts";
import { reapOnce } from "./lease-reaper.ts";

const options = { intervalMs: 1000, batchTasksMax: 2 };

async function leasedRooms(count: number) {
  const rooms = await openRooms();
  await rooms.enqueue(...Array.from({ length: count }, (_, at) => ({ id: `t${at}` })));
  const worker = await rooms.worker();
  await worker.take(count);
  const { store, broker, backend, clock, defaults } = rooms;
  const deps = { store, queueHints: broker.queueHints, hints: backend.hints };
  const end = plus(clock.now(), defaults.leaseMs + defaults.leaseGraceMs);
  return { rooms, worker, deps, end };
}

test("a lease is taken back after its end, grace included, and not at it", async () => {
  const { rooms, deps, end } = await leasedRooms(1);
  await reapOnce(deps, options, end);
  expect(await rooms.read("t0")).toMatchObject({ state: "leased" });
  expect(await reapOnce(deps, options, plus(end, 1))).toBe(1000);
  expect(await rooms.read("t0")).toMatchObject({ state: "ready", reason: "lease_expired", attempt: 1 });
  await rooms.close();
});

test("more than a batch is gone through at once", async () => {
  const { rooms, deps, end } = await leasedRooms(3);
  expect(await reapOnce(deps, options, plus(end, 1))).toBe(0);
  expect(await reapOnce(deps, options, plus(end, 1))).toBe(1000);
  expect(await reapOnce(deps, options, plus(end, 1))).toBe(1000);
  await rooms.close();
});

test("a heartbeat between the reaper's look and its write wins", async () => {
  const { rooms, worker, deps, end } = await leasedRooms(1);
  const { store } = rooms;
  const late = {
    ...deps,
    store: {
      expiredLeases: store.expiredLeases,
      async apply(changes: Parameters<typeof store.apply>[0]) {
        await worker.heartbeat();
        return store.apply(changes);
      },
    },
  };
  await rooms.clock.advance(1000);
  await reapOnce(late, options, plus(end, 1));
  expect(await rooms.read("t0")).toMatchObject({ state: "leased", deliveries: 1 });
  await rooms.close();
});
