import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type CommandSchema, ShutdownMode } from "@stem/proto/stem/v1/control_pb";
import { ControlService, ReplyStatus } from "@stem/proto/stem/v1/control_service_pb";
import { QueueMode } from "@stem/proto/stem/v1/worker_pb";
import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

type Kind = NonNullable<MessageInitShape<typeof CommandSchema>["kind"]>;

const hold = defineTask<[], string>({ name: "hold" });

/** A server, handlers that run until they are told to stop or let go, and an operator. */
async function openFloor() {
  const stem = await startStem();
  const lets: (() => void)[] = [];
  const holding = implement(
    hold,
    (ctx) =>
      new Promise((resolve, reject) => {
        lets.push(() => resolve("let go"));
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason));
      }),
  );
  const control = createClient(ControlService, createGrpcTransport({ baseUrl: stem.url }));
  const send = async (kind: Kind, workers: readonly string[] = []) => {
    const answers = [];
    for await (const answer of control.send({ workers: [...workers], command: { kind } }))
      answers.push(answer);
    return answers;
  };
  const running = (count: number) =>
    until(() => lets.length === count || undefined, { deadlineMs: 50_000, what: `${count} running` });
  return {
    ...stem,
    control,
    send,
    running,
    letGo(): void {
      for (const go of lets.splice(0)) go();
    },
    tasks: [holding],
  };
}

const ping: Kind = { case: "ping", value: {} };

test("workers are listed with what they are like, what they hold and how they are doing", async () => {
  const floor = await openFloor();
  const queues = [{ name: "fast", mode: "strict" }, "default"] as const;
  await floor.work({ tasks: floor.tasks, name: "b", queues, labels: { region: "eu" }, concurrency: 3 });
  await floor.work({ tasks: floor.tasks, name: "a" });
  await floor.stem.enqueue(hold, [], { queue: "fast" });
  await floor.running(1);
  const workers = await until(
    async () => {
      const listed = (await floor.control.listWorkers({})).workers;
      return listed.every(({ stats }) => stats) ? listed : undefined;
    },
    { deadlineMs: 50_000, what: "figures of both workers" },
  );
  expect(workers.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(workers[1]).toMatchObject({
    ...{ namespace: "default", name: "b", slots: 3, inFlight: 1, connected: true, pausedQueues: [] },
    queues: [{ name: "fast", mode: QueueMode.STRICT }, { name: "default" }],
    labels: { region: "eu" },
    capabilities: ["control"],
    stats: { pid: BigInt(process.pid), slots: 3 },
  });
  expect(workers[1]?.stats?.memoryBytes).toBeGreaterThan(1_000_000n);
  expect(workers[1]?.connectTime?.seconds).toBeGreaterThan(1_700_000_000n);
  expect(new Set(workers.map(({ id }) => id)).size).toBe(2);
  floor.letGo();
});

test("a command reaches every worker, also those of one name, and each answers for itself", async () => {
  const floor = await openFloor();
  for (const name of ["twin", "twin", "other"]) await floor.work({ tasks: floor.tasks, name });
  const all = await floor.send(ping);
  expect(all.map(({ worker, status }) => [worker, status]).sort()).toEqual([
    ["other", ReplyStatus.OK],
    ["twin", ReplyStatus.OK],
    ["twin", ReplyStatus.OK],
  ]);
  expect(await floor.send(ping, ["twin"])).toHaveLength(2);
  const id = all.find(({ worker }) => worker === "other")?.workerId ?? "";
  expect(await floor.send(ping, [id])).toMatchObject([
    { worker: "other", reply: { kind: { case: "ping" } } },
  ]);
  await expect(floor.send(ping, ["twin", "nobody"])).rejects.toThrow("there is no worker nobody");
});

test("a worker tells what it runs, and what it has done", async () => {
  const floor = await openFloor();
  const worker = await floor.work({ tasks: floor.tasks, concurrency: 1, prefetchMax: 0 });
  const heard: object[] = [];
  worker.on("control-command-received", (event) => heard.push(event));
  worker.on("control-command-completed", (event) => heard.push(event));
  const handle = await floor.stem.enqueue(hold);
  await floor.running(1);
  const [busy] = await floor.send({ case: "stats", value: {} });
  expect(busy?.reply?.kind.value).toMatchObject({
    ...{ started: 1n, running: 1, zombies: 0, children: 0, slots: 1, slotsMax: 1, held: { default: 1 } },
  });
  expect(heard).toEqual([{ command: "stats" }, { command: "stats", status: "ok" }]);
  const [inspected] = await floor.send({ case: "inspect", value: {} });
  expect(inspected?.reply?.kind).toMatchObject({
    case: "inspect",
    value: {
      total: 1,
      tasks: [{ taskId: handle.id, name: "hold", queue: "default", attempt: 1, stopping: false }],
    },
  });
  floor.letGo();
  await handle.result();
  const [told] = await floor.send({ case: "stats", value: {} });
  expect(told?.reply?.kind).toMatchObject({
    case: "stats",
    value: { started: 1n, succeeded: 1n, failed: 0n, running: 0, slots: 1 },
  });
});

test("a revoked task stops where it runs, and never begins where it waits", async () => {
  const floor = await openFloor();
  await floor.work({ tasks: floor.tasks, concurrency: 1, prefetchMax: 0 });
  const [runs, waits] = [await floor.stem.enqueue(hold), await floor.stem.enqueue(hold)];
  await floor.running(1);
  const taskIds = [runs.id, waits.id, "unknown"];
  const [answer] = await floor.send({
    case: "revoke",
    value: { taskIds, reason: "enough", requester: "ada" },
  });
  expect(answer).toMatchObject({
    status: ReplyStatus.OK,
    reply: { kind: { value: { stopped: [runs.id] } } },
  });
  for (const handle of [runs, waits]) {
    await expect(handle.result()).rejects.toThrow("cancelled");
    expect(await handle.status()).toMatchObject({ cancelReason: "enough", cancelRequester: "ada" });
  }
});

test("a worker takes nothing from a queue that is paused for it, until it is resumed", async () => {
  const floor = await openFloor();
  await floor.work({ tasks: floor.tasks, queues: ["slow", "quick"], concurrency: 5, prefetchMax: 0 });
  const pause: Kind = { case: "pause", value: { queues: ["slow", "elsewhere"] } };
  const [paused] = await floor.send(pause);
  expect(paused?.reply?.kind.value).toMatchObject({ changed: ["slow"], pausedQueues: ["slow"] });
  const slow = await floor.stem.enqueue(hold, [], { queue: "slow" });
  await floor.stem.enqueue(hold, [], { queue: "quick" });
  await floor.running(1);
  expect((await slow.status()).state).toBe("ready");
  expect((await floor.control.listWorkers({})).workers).toMatchObject([{ pausedQueues: ["slow"] }]);
  const [resumed] = await floor.send({ case: "resume", value: { queues: [] } });
  expect(resumed?.reply?.kind.value).toMatchObject({ changed: ["slow"], pausedQueues: [] });
  await floor.running(2);
  floor.letGo();
});

test("a worker that is told to shut down warm lets handlers end, then its run is over", async () => {
  const floor = await openFloor();
  const worker = await floor.work({ tasks: floor.tasks });
  const handle = await floor.stem.enqueue(hold);
  await floor.running(1);
  const warm: Kind = { case: "shutdown", value: { mode: ShutdownMode.WARM } };
  const [first] = await floor.send(warm);
  expect(first?.reply?.kind.value).toMatchObject({ mode: ShutdownMode.WARM, running: 1, inProgress: false });
  const [second] = await floor.send(warm);
  expect(second?.reply?.kind.value).toMatchObject({ inProgress: true });
  floor.letGo();
  expect(await handle.result()).toBe("let go");
  await worker.run();
});

test("a worker that is told to shut down hard gives back at once what it runs", async () => {
  const floor = await openFloor();
  const worker = await floor.work({ tasks: floor.tasks });
  const handle = await floor.stem.enqueue(hold);
  await floor.running(1);
  await floor.send({ case: "shutdown", value: { mode: ShutdownMode.HARD } });
  await worker.stop();
  expect(await handle.status()).toMatchObject({ state: "ready", attempt: 1 });
});
