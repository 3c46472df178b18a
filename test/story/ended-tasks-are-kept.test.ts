import { defineTask, type StemProblem } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { plus, taskNameOf } from "../../server/src/model/ids.ts";
import { openRooms, type Rooms, taskRefOf } from "../support/rooms.ts";
import { until } from "../support/until.ts";
import { startStem } from "../support/whole-stem.ts";

const name = taskNameOf("report.make");
const retentionMs = 60_000;

async function run(rooms: Rooms, ...ids: readonly string[]): Promise<void> {
  const worker = await rooms.worker();
  for (const id of ids) {
    await rooms.enqueue({ id, name, policy: { keepNewest: { count: 2 }, retentionMs } });
    await worker.succeed(await worker.takeOne());
  }
}

async function left(rooms: Rooms, ...ids: readonly string[]): Promise<string[]> {
  const found = await rooms.store.readHeads(ids.map(taskRefOf));
  return found.flatMap((head) => head?.id ?? []);
}

test("of a name that is bounded the newest are kept, and the others are gone within a second or so", async () => {
  const rooms = await openRooms();
  await run(rooms, "a", "b", "c", "d");
  await rooms.clock.advance(1000);
  expect(await left(rooms, "a", "b", "c", "d")).toEqual(["c", "d"]);
  await rooms.clock.advance(retentionMs + 10_000);
  expect(await left(rooms, "c", "d"), "their time is a bound, too").toEqual([]);
  await rooms.close();
});

test("an operator keeps one for longer, whatever else ends, and lets another go at once", async () => {
  const rooms = await openRooms();
  await run(rooms, "kept", "dropped");
  const { broker, clock } = rooms;
  await broker.retain(taskRefOf("kept"), plus(clock.now(), 3 * retentionMs));
  await broker.retain(taskRefOf("dropped"), clock.now());
  await run(rooms, "a", "b", "c");
  await clock.advance(10_000);
  expect(await left(rooms, "kept", "dropped", "a", "b", "c")).toEqual(["kept", "b", "c"]);
  await clock.advance(retentionMs);
  expect(await left(rooms, "kept", "b", "c")).toEqual(["kept"]);
  await clock.advance(2 * retentionMs);
  expect(await left(rooms, "kept")).toEqual([]);
  await rooms.close();
});

test("the time of a task that has not ended, or is not there, is not set", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const { broker, clock } = rooms;
  await expect(broker.retain(taskRefOf("a"), clock.now())).rejects.toMatchObject({
    problem: { reason: "TASK_NOT_ENDED", taskId: "a", state: "ready" },
  });
  await expect(broker.retain(taskRefOf("b"), clock.now())).rejects.toMatchObject({
    problem: { reason: "TASK_UNKNOWN", taskId: "b" },
  });
  await rooms.close();
});

test("a dead letter stays, however many of its name end after it", async () => {
  const rooms = await openRooms();
  const worker = await rooms.worker();
  await rooms.enqueue({ id: "letter", name, policy: { keepNewest: { count: 0 }, maxAttempts: 1 } });
  await worker.fail(await worker.takeOne());
  await run(rooms, "a", "b", "c");
  await rooms.clock.advance(1000);
  expect(await left(rooms, "letter", "a", "b", "c")).toEqual(["letter", "b", "c"]);
  await rooms.close();
});

test("a definition bounds what is kept of its tasks, a call says otherwise, and a client sets the time of one", async () => {
  const { stem, work } = await startStem();
  const report = defineTask<[], string>({ name: "report", options: { keepNewest: { bytes: 0 } } });
  await work({ tasks: [implement(report, () => "long")] });
  const kept = await stem.enqueue(report, [], { keepNewest: {} });
  expect(await kept.result({ timeoutMs: 8000 })).toBe("long");
  const gone = await stem.enqueue(report);
  expect(await gone.result({ timeoutMs: 8000 })).toBe("long");
  const isGone = (): Promise<boolean> =>
    gone.status().then(
      () => false,
      ({ reason }: StemProblem) => reason === "TASK_UNKNOWN",
    );
  await until(isGone, { deadlineMs: 8000, what: "the end of a record" });
  const purgeAt = new Date(Date.now() + 90_000_000);
  expect(await stem.tasks.setRetention(kept.id, { purgeAt })).toEqual(purgeAt);
  expect((await kept.status()).purgedAt).toEqual(purgeAt);
  const sooner = await stem.tasks.setRetention(kept.id, { keepForMs: 60_000 });
  expect((await kept.status()).purgedAt).toEqual(sooner);
  expect(sooner.getTime()).toBeLessThan(purgeAt.getTime());
});
