import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listenerOf } from "../../server/src/model/broadcast.ts";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { defaults, limits } from "../../server/src/model/limits.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { openRooms, type Rooms, taskRefOf } from "../support/rooms.ts";
import { submissionOf } from "../support/submission.ts";

const publish = (rooms: Rooms, id: string, expiresMs: number) =>
  rooms.broker.broadcasts.publish(defaultNamespace, submissionOf({ id, content: id }), {
    channel: "news",
    expiresMs,
    delivery: undefined,
  });

const listen = (rooms: Rooms, name: string) => rooms.worker({ name, channels: ["news"] });

async function outcomes(rooms: Rooms, id: string): Promise<Record<string, string>> {
  const { tasks } = await rooms.broker.broadcasts.deliveries(taskRefOf(id), {
    limit: 1000,
    after: undefined,
  });
  return Object.fromEntries(tasks.map((task) => [listenerOf(task), task.state]));
}

test("what a file keeps of broadcasts goes on after a restart: who had it, who waits for it, and when it ends", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-broadcast-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = createManualClock();
  const open = () =>
    openStore(`sqlite:${path.join(folder, "stem.db")}`, {
      ...{ clock, limits, log: createRecordingLog() },
      lease: { leaseMs: defaults.leaseMs, graceMs: defaults.leaseGraceMs },
    });

  const first = await open();
  const before = await openRooms({ store: first, clock });
  const [a] = [await listen(before, "a"), await listen(before, "b")];
  await publish(before, "n1", 60_000);
  await a.succeed(await a.takeOne());
  expect(await outcomes(before, "n1")).toEqual({ a: "succeeded", b: "ready" });
  await before.close();
  await first.close();

  const second = await open();
  const rooms = await openRooms({ store: second, clock });
  expect(await publish(rooms, "n1", 60_000)).toMatchObject({ deduplicated: true });
  const b = await listen(rooms, "b");
  const late = await listen(rooms, "late");
  const again = await listen(rooms, "a");
  for (const worker of [b, late]) await worker.succeed(await worker.takeOne());
  await rooms.enqueue({ id: "plain" });
  expect((await again.take()).map(({ taskId }) => taskId)).toEqual(["plain"]);
  again.lose();
  await publish(rooms, "n2", 60_000);
  expect(await outcomes(rooms, "n2")).toEqual({ b: "ready", late: "ready" });
  await rooms.broker.broadcasts.end(taskRefOf("n1"));
  const end = await rooms.broker.broadcasts.end(taskRefOf("n2"));
  expect(end).toEqual({ cancelled: 2, running: 0 });
  const { broadcasts } = await rooms.broker.broadcasts.list(defaultNamespace, "news", {
    limit: 10,
    after: undefined,
  });
  expect(broadcasts.map(({ id, isLive }) => [id, isLive])).toEqual([
    ["n2", false],
    ["n1", false],
  ]);
  await rooms.close();
  await second.close();
});
