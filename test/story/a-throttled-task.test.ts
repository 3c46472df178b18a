import { expect, test } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import { openRooms } from "../support/rooms.ts";

test("of a throttled task one comes a window, however soon it ends, and whoever comes too soon is told which", async () => {
  const rooms = await openRooms();
  const { clock } = rooms;
  const sync = (id: string) =>
    rooms.enqueue({
      id,
      policy: { unique: { until: "ended", forMs: 0 } },
      unique: {
        by: { key: "customer-7" },
        onConflict: "return",
        keepUntil: plus(clock.now(), 60_000),
        startBy: undefined,
      },
    });
  const worker = await rooms.worker();
  expect(await sync("first")).toEqual(["first"]);
  await worker.succeed(await worker.takeOne());

  await clock.advance(59_000);
  expect(await sync("too-soon")).toEqual(["first"]);
  expect(await rooms.read("first")).toMatchObject({ claim: { key: "customer-7", duplicates: 1 } });

  await clock.advance(1_000);
  expect(await sync("next")).toEqual(["next"]);
  expect(await worker.takeOne()).toMatchObject({ taskId: "next" });
  await rooms.close();
});
