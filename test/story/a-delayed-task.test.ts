import { expect, test } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import { openRooms } from "../support/rooms.ts";

test("a delayed task never starts early, and hardly late", async () => {
  const rooms = await openRooms();
  const { clock } = rooms;
  const worker = await rooms.worker();
  for (const delayMs of [100, 250, 1700, 3_600_000]) {
    await rooms.enqueue({ start: { delayMs } });
    let startedAt = 0;
    const enqueuedAt = clock.now();
    const taken = worker.takeOne().then(async (lease) => {
      startedAt = clock.now();
      await worker.succeed(lease);
    });
    await clock.advance(delayMs - 1);
    expect(startedAt, `${delayMs} ms is a floor`).toBe(0);
    await clock.advance(21);
    await taken;
    expect(startedAt - enqueuedAt).toBeGreaterThanOrEqual(delayMs);
    expect(startedAt - enqueuedAt).toBeLessThanOrEqual(delayMs + 20);
  }
  await rooms.close();
});

test("tasks of one moment and tasks of many moments all come in time", async () => {
  const rooms = await openRooms();
  const { clock } = rooms;
  const startsAt = clock.now();
  const delays = Array.from({ length: 200 }, (_, index) => 10 + index * 7);
  await rooms.enqueue(...delays.map((delayMs) => ({ id: `after-${delayMs}`, start: { delayMs } })));
  const worker = await rooms.worker({ credit: 1000 });
  const lateness: number[] = [];
  const working = (async () => {
    while (lateness.length < delays.length) {
      for (const lease of await worker.take(1000)) {
        const delayMs = Number(lease.taskId.slice("after-".length));
        lateness.push(clock.now() - startsAt - delayMs);
      }
    }
  })();
  await clock.advance(1600);
  await working;
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...lateness)).toBeLessThanOrEqual(20);
  await rooms.close();
});

test("a start that lies in the past is at once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "past", start: { notBefore: plus(rooms.clock.now(), -5000) } });
  await rooms.enqueue({ id: "now", start: { delayMs: 0 } });
  const worker = await rooms.worker();
  expect((await worker.take()).map(({ taskId }) => taskId)).toEqual(["past", "now"]);
  await rooms.close();
});
