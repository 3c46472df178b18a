import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const options = {
  ...{ queue: "mail", priority: 7, maxAttempts: 6, maxDeliveries: 9, delayMs: 5, timeLimitMs: 30_000 },
  ...{
    softTimeLimitMs: 20_000,
    expireAfterMs: 90_000,
    startWithinMs: 60_000,

    ignoreResult: true,
  },
  ...{ leaseMs: 10_000, resultRetentionMs: 0, keepNewest: { count: 3 }, limitKey: "l", orderingKey: "o" },
  ...{ fairnessKey: "f", requiredLabels: { gpu: "yes" } },
  ack: "early",
  retry: { baseDelayMs: 10, factor: 1, maxDelayMs: 100, jitter: "none", neverFor: ["TypeError"] },
  unique: {
    argPaths: ["/0"],
    until: "ended",
    uniqueForMs: 5,
    states: ["scheduled", "ready", "leased", "succeeded"],
    windowMs: 6,
    onConflict: "reject",
  },
} as const;

test("what workers announced is listed, read with its options, and forgotten", async () => {
  const { stem, work } = await startStem();
  const facts = { description: "Sends one mail.", tags: ["mail"], idempotent: true, version: 2 };
  const argsJsonSchema = { type: "array" };
  const send = defineTask<[number]>({ name: "mail.send", ...facts, argsJsonSchema, options });
  const plain = defineTask({ name: "plain" });
  await work({ tasks: [implement(send, () => undefined), implement(plain, () => undefined)], name: "w1" });
  const { announcedAt, ...known } = await stem.definitions.get("mail.send");
  expect(announcedAt).toBeInstanceOf(Date);
  const { idempotent: isIdempotent, ...rest } = facts;
  expect(known).toEqual({
    ...{ name: "mail.send", ...rest, isIdempotent, argsJsonSchema, options, worker: "w1", rival: undefined },
  });
  const names = (await Array.fromAsync(stem.definitions.list())).map(({ name }) => name);
  expect(names).toEqual(["mail.send", "plain"]);
  expect((await stem.definitions.get("plain")).argsJsonSchema).toBeUndefined();
  await stem.definitions.delete("mail.send");
  await expect(stem.definitions.get("mail.send")).rejects.toMatchObject({ reason: "DEFINITION_UNKNOWN" });
});

test("a routing is checked, tried, put in force and replaced only by whoever has seen it", async () => {
  const { stem } = await startStem();
  expect(await stem.routing.get()).toEqual({ config: "", revision: 0, source: "none" });
  const mistakes = await stem.routing.validate("queues:\n  mail: { priority_range: [7, 2] }\n");
  expect(mistakes).toMatchObject([{ line: 2, key: expect.stringContaining("mail.priority_range") }]);
  const config =
    "queues: { mail: }\nroutes: [{ match: { task: 'mail.*' }, target: mail, priority_override: 9 }]\n";
  const trial = await stem.routing.test({ name: "mail.send" }, { config });
  expect(trial).toMatchObject({ queue: "mail", channel: undefined, priority: 9 });
  expect(trial.steps.length).toBeGreaterThan(0);
  expect(await stem.routing.test({ name: "mail.send" })).toMatchObject({ queue: "default" });
  expect(await stem.routing.replace(config, { revision: 0 })).toEqual({
    config,
    revision: 1,
    source: "store",
  });
  await expect(stem.routing.replace("", { revision: 0 })).rejects.toMatchObject({
    reason: "REVISION_CONFLICT",
  });
  expect(await stem.routing.test({ name: "mail.send", id: "m1", headers: {} })).toMatchObject({
    queue: "mail",
  });
});

test("ids that were revoked before they came are listed, and taken back", async () => {
  const { stem } = await startStem();
  await stem.tasks.revoke(["to-come", "to-run", "come"], {
    reason: "withdrawn",
    requester: "ada",
    ttlMs: 60_000,
  });
  const work = defineTask({ name: "work" });
  await stem.enqueue(work, [], { id: "come" });
  const listed = await Array.fromAsync(stem.tasks.listRevoked());
  expect(listed).toMatchObject([
    { id: "to-come", reason: "withdrawn", requester: "ada" },
    { id: "to-run", reason: "withdrawn", requester: "ada" },
  ]);
  expect(Number(listed[0]?.expiresAt) - Number(listed[0]?.revokedAt)).toBe(60_000);
  expect(await stem.tasks.withdrawRevoked(["to-run", "come"])).toEqual(["to-run"]);
  expect((await (await stem.enqueue(work, [], { id: "to-run" })).status()).state).toBe("ready");
  expect((await (await stem.enqueue(work, [], { id: "to-come" })).status()).state).toBe("cancelled");
});

test("whoever has a unique key is found by it, and among all", async () => {
  const { stem } = await startStem();
  const work = defineTask({ name: "work" });
  const [first] = await stem.enqueueMany(["b", "b", "a"].map((key) => work.call([], { unique: { key } })));
  expect(await stem.uniqueClaims.get("b")).toMatchObject({
    ...{ key: "b", taskId: first?.id, duplicates: 1, freeAt: undefined, claimedAt: expect.any(Date) },
  });
  expect((await Array.fromAsync(stem.uniqueClaims.list())).map(({ key }) => key)).toEqual(["a", "b"]);
  await first?.cancel();
  expect(await stem.uniqueClaims.get("b")).toBeUndefined();
});

test("workers are seen, and answer commands each by itself", async () => {
  const { stem, work } = await startStem();
  const hold = defineTask({ name: "hold" });
  const lets: (() => void)[] = [];
  const tasks = [implement(hold, () => new Promise<void>((resolve) => lets.push(resolve)))];
  const queues = [{ name: "fast", mode: "weighted", weight: 2 }, "default"] as const;
  await work({ tasks, name: "a", queues, labels: { region: "eu" } });
  await work({ tasks, name: "b" });
  const handle = await stem.enqueue(hold, [], { queue: "fast" });
  await until(() => lets.length === 1 || undefined, { deadlineMs: 50_000, what: "it to run" });
  const [first, second] = await stem.control.workers();
  expect(first).toMatchObject({
    ...{ name: "a", inFlight: 1, labels: { region: "eu" }, isConnected: true, pausedQueues: [] },
    queues: [
      { name: "fast", mode: "weighted", weight: 2 },
      { name: "default", mode: undefined },
    ],
  });
  const pings = await Array.fromAsync(stem.control.send({ kind: "ping" }));
  const running = pings.map(({ worker, status, reply }) => [worker, status, reply?.running]);
  expect(running.sort()).toEqual([
    ["a", "ok", 1],
    ["b", "ok", 0],
  ]);
  const only = async <K>(answers: AsyncIterable<{ readonly reply: K | undefined }>) =>
    (await Array.fromAsync(answers)).map(({ reply }) => reply);
  const toA = { workers: ["a"], timeoutMs: 10_000 };
  expect(await only(stem.control.send({ kind: "inspect" }, toA))).toMatchObject([
    { total: 1, tasks: [{ taskId: handle.id, name: "hold", queue: "fast", attempt: 1, isStopping: false }] },
  ]);
  expect(await only(stem.control.send({ kind: "stats" }, toA))).toMatchObject([
    { pid: process.pid, started: 1, running: 1, held: { fast: 1 } },
  ]);
  expect(await only(stem.control.send({ kind: "pause", queues: ["default"] }, toA))).toEqual([
    { changed: ["default"], pausedQueues: ["default"] },
  ]);
  expect(await only(stem.control.send({ kind: "resume" }, toA))).toEqual([
    { changed: ["default"], pausedQueues: [] },
  ]);
  lets[0]?.();
  await handle.result();
  const revoke = { kind: "revoke", taskIds: [handle.id], reason: "late" } as const;
  expect(await only(stem.control.send(revoke, toA))).toEqual([{ stopped: [] }]);
  const shutdown = { kind: "shutdown", mode: "warm" } as const;
  expect(await only(stem.control.send(shutdown, { workers: [second?.id ?? ""] }))).toEqual([
    { mode: "warm", running: 0, isInProgress: false },
  ]);
  await expect(only(stem.control.send({ kind: "ping" }, { workers: ["nobody"] }))).rejects.toMatchObject({
    reason: "WORKER_UNKNOWN",
  });
});
