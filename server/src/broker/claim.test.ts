import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { newTask } from "../../../test/support/new-task.ts";
import { defaultNamespace, queueNameOf } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { createClaim } from "./claim.ts";

const wants = {
  namespace: defaultNamespace,
  queues: [queueNameOf(defaults.queue)],
  worker: "w",
  room: () => 1000,
};

/** Nothing here was handed anything. */
const handingOver = {
  assemble: (content: Uint8Array) => ({ content }),
  readHanded: async () => undefined,
  reject: async () => undefined,
};

const bounds = (limit: number, bytesMax = Number.POSITIVE_INFINITY) => ({ limit, bytesMax });

async function aClaim(contentBytes: readonly number[]) {
  const clock = createManualClock();
  const store = createMemoryStore({ limits });
  const tasks = contentBytes.map((bytes, at) => newTask(`task-${at}`, { content: new Uint8Array(bytes) }));
  await store.accept({ tasks, now: clock.now(), atomic: false });
  return createClaim({ store, clock, limits, defaults, ...handingOver });
}

test("what is claimed together fits into one frame, with a token and ids for each", async () => {
  const { claim } = await aClaim(Array.from({ length: 1000 }, () => 10_000));
  const claimed = await claim(wants, bounds(1000));
  expect(claimed.length).toBeGreaterThan(250);
  expect(claimed.length * (10_000 + 704)).toBeLessThanOrEqual(limits.frameBytesMax);
});

test("the largest task is claimed, alone", async () => {
  const { claim } = await aClaim([limits.payloadBytesMax, limits.payloadBytesMax]);
  expect(await claim(wants, bounds(1000))).toHaveLength(1);
});

test("a claim that was cut by bytes is not taken for the last", async () => {
  const { claim, isLast } = await aClaim([limits.payloadBytesMax, limits.payloadBytesMax, 10]);
  const first = await claim(wants, bounds(1000));
  expect(isLast(first, bounds(1000))).toBe(false);
  const second = await claim(wants, bounds(1000));
  expect(second).toHaveLength(2);
  expect(isLast(await claim(wants, bounds(1000)), bounds(1000)), "nothing came").toBe(true);
});

test("a claim that was not filled by small tasks is the last, a full one is not", async () => {
  const { claim, isLast } = await aClaim([10, 10, 10]);
  expect(isLast(await claim(wants, bounds(2)), bounds(2))).toBe(false);
  expect(isLast(await claim(wants, bounds(2)), bounds(2))).toBe(true);
});

test("a claim that a worker's window cut is not taken for the last, and its last task may go beyond", async () => {
  const { claim, isLast } = await aClaim([600, 600, 10]);
  const narrow = bounds(10, 700);
  const first = await claim(wants, narrow);
  expect(first).toHaveLength(1);
  expect(isLast(first, narrow)).toBe(false);
  expect(await claim(wants, bounds(10, 1)), "the first is claimed however large").toHaveLength(1);
});
