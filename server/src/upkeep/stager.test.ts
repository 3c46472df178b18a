import { expect, test } from "vitest";
import { openRooms } from "../../../test/support/rooms.ts";
import { plus } from "../model/ids.ts";
import { stageOnce } from "./stager.ts";

const options = { intervalMs: 1000, pauseMs: 5, batchTasksMax: 2 };

async function scheduledRooms(...delays: readonly number[]) {
  const rooms = await openRooms();
  await rooms.enqueue(...delays.map((delayMs, at) => ({ id: `t${at}`, start: { delayMs } })));
  const { store, broker, backend, clock } = rooms;
  const deps = { store, queueHints: broker.queueHints, hints: backend.hints };
  return { rooms, deps, now: clock.now() };
}

test("nothing is made ready before its time, and the stager comes back at it", async () => {
  const { rooms, deps, now } = await scheduledRooms(300, 900);
  expect(await stageOnce(deps, options, plus(now, 299))).toBe(5);
  expect(await rooms.read("t0")).toMatchObject({ state: "scheduled", reason: "delay" });
  expect(await stageOnce(deps, options, plus(now, 300))).toBe(600);
  expect(await rooms.read("t0")).toMatchObject({ state: "ready", reason: undefined });
  expect(await rooms.read("t1")).toMatchObject({ state: "scheduled" });
  expect(await stageOnce(deps, options, plus(now, 900))).toBe(1000);
  await rooms.close();
});

test("what is due long after is looked at again after the interval", async () => {
  const { rooms, deps, now } = await scheduledRooms(60_000);
  expect(await stageOnce(deps, options, now)).toBe(1000);
  await rooms.close();
});

test("more than a batch is gone through at once, earliest first", async () => {
  const { rooms, deps, now } = await scheduledRooms(30, 10, 20);
  expect(await stageOnce(deps, options, plus(now, 50))).toBe(0);
  expect(await rooms.read("t0")).toMatchObject({ state: "scheduled" });
  expect(await stageOnce(deps, options, plus(now, 50))).toBe(1000);
  expect(await rooms.read("t0")).toMatchObject({ state: "ready" });
  await rooms.close();
});
