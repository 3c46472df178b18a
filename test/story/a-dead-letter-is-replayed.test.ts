import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { deadLetterFilterOf } from "../../server/src/api/convert/dead-letter.ts";
import { defaultNamespace, plus, taskIdOf } from "../../server/src/model/ids.ts";
import { openRooms, type Rooms, taskRefOf } from "../support/rooms.ts";
import { startStem } from "../support/whole-stem.ts";

const charge = defineTask<[amount: number], string>({
  name: "card.charge",
  options: { maxAttempts: 2, retry: { baseDelayMs: 1 } },
});
const everyOne = deadLetterFilterOf(undefined, defaultNamespace);
const batch = (ids?: readonly string[], dryRun = false) => ({
  ...{ filter: { ...everyOne, ids: ids?.map(taskIdOf) }, limit: 1000, after: undefined, dryRun },
});
const asItWas = { queue: undefined, start: undefined, rewrite: undefined };

async function failFor(rooms: Rooms, ...ids: readonly string[]): Promise<void> {
  await rooms.enqueue(...ids.map((id) => ({ id, policy: { maxAttempts: 1 } })));
  const worker = await rooms.worker();
  for (const lease of await worker.take()) await worker.fail(lease);
  worker.lose();
}

test("a dead letter tells why, with what failure, and how each attempt went; edited and replayed, it ends well", async () => {
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(charge, (_, amount) => {
        if (amount < 0) throw new RangeError("a negative amount");
        return `charged ${amount}`;
      }),
    ],
  });
  const handle = await stem.enqueue(charge, [-5], { id: "charge-1" });
  await expect(handle.result()).rejects.toThrow("a negative amount");
  const letter = await stem.deadLetters.get("charge-1");
  expect(letter).toMatchObject({
    task: { state: "failed", reason: "max_attempts", failure: { message: "a negative amount" } },
    replayedBy: undefined,
  });
  expect(letter.attempts.map(({ attempt, outcome, failure }) => [attempt, outcome, failure?.type])).toEqual([
    [1, "failed", "RangeError"],
    [2, "failed", "RangeError"],
  ]);
  const { newId, alreadyReplayed } = await stem.deadLetters.replay("charge-1", { args: [5] });
  expect(alreadyReplayed).toBe(false);
  expect(await stem.handle(charge, newId).result()).toBe("charged 5");
  expect(await stem.handle(charge, newId).status()).toMatchObject({ replayOf: "charge-1", attempt: 1 });
  expect(await stem.deadLetters.replay("charge-1")).toEqual({ id: "charge-1", newId, alreadyReplayed: true });
});

test("dead letters are listed, replayed in a dry run and in earnest, and purged by filter", async () => {
  const { stem, work } = await startStem();
  const worker = await work({
    tasks: [
      implement(charge, () => {
        throw new Error("down");
      }),
    ],
  });
  const ids = ["a", "b", "c"];
  await stem.enqueueMany(ids.map((id) => charge.call([1], { id, tags: [id === "c" ? "odd" : "even"] })));
  for (const id of ids) await expect(stem.handle(charge, id).result()).rejects.toThrow("down");
  await worker.stop();
  const idsOf = async (filter = {}) => {
    const found: string[] = [];
    for await (const { task } of stem.deadLetters.list(filter)) found.push(task.id);
    return found;
  };
  expect(await idsOf()).toEqual(["c", "b", "a"]);
  expect(await idsOf({ tag: "even", reasons: ["max_attempts"] })).toEqual(["b", "a"]);
  expect(await idsOf({ failedTo: new Date(0) })).toEqual([]);
  const dry = await stem.deadLetters.replayAll({ tag: "even" }, { dryRun: true });
  expect(await idsOf({ replayed: true })).toEqual([]);
  expect(await stem.deadLetters.replayAll({ tag: "even" }, { queue: "later", delayMs: 60_000 })).toEqual(dry);
  expect(await stem.handle(charge, dry[0]?.newId ?? "").status()).toMatchObject({
    ...{ queue: "later", state: "scheduled", replayOf: "b", tags: ["even"] },
  });
  expect(await idsOf({ replayed: true })).toEqual(["b", "a"]);
  expect(await stem.deadLetters.purge({ replayed: true })).toBe(2);
  expect(await idsOf()).toEqual(["c"]);
});

test("only what failed can be replayed by id, and nothing is done where one of the ids cannot", async () => {
  const rooms = await openRooms();
  await failFor(rooms, "failed");
  await rooms.enqueue({ id: "live" });
  const replay = (...ids: string[]) => rooms.broker.replayDeadLetters(batch(ids), asItWas);
  await expect(replay("failed", "gone")).rejects.toMatchObject({
    problem: { reason: "TASK_UNKNOWN", taskId: "gone" },
  });
  await expect(replay("failed", "live")).rejects.toMatchObject({
    problem: { reason: "TASK_NOT_FAILED", taskId: "live", state: "ready" },
  });
  await expect(rooms.broker.getDeadLetter(taskRefOf("live"))).rejects.toMatchObject({
    problem: { reason: "TASK_NOT_FAILED" },
  });
  expect((await rooms.broker.getDeadLetter(taskRefOf("failed"))).replay).toBeUndefined();
  await rooms.close();
});

test("dead letters stay for a week, longer than results", async () => {
  const rooms = await openRooms();
  await failFor(rooms, "failed");
  await rooms.enqueue({ id: "done" });
  const worker = await rooms.worker();
  await worker.succeed(await worker.takeOne());
  const start = rooms.clock.now();
  expect(await rooms.read("failed")).toMatchObject({ purgeAt: plus(start, 7 * 86_400_000) });
  await rooms.clock.jump(2 * 86_400_000);
  await rooms.clock.advance(20_000);
  await expect(rooms.read("done")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
  expect(await rooms.read("failed")).toMatchObject({ state: "failed" });
  await rooms.close();
});
