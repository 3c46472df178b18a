import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { connect, type StemClient } from "@stem/sdk";
import { type ConfigInput, startServer } from "@stem/server";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { configOf } from "../support/whole-stem.ts";

const limited = (concurrency: number) => `queues: { mail: { limits: { concurrency: ${concurrency} } } }`;

/** A place for a store and a file of routes, and servers on it, one after the other. */
function place() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-routes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "routes.yaml");
  const url = `sqlite:${path.join(folder, "stem.db")}`;

  async function start(text?: string, own: ConfigInput["server"] = {}) {
    if (text !== undefined) writeFileSync(file, text);
    const routing = text === undefined ? {} : { routing: file };
    const log = createRecordingLog();
    const server = await startServer(configOf({ store: { url }, server: { ...own, ...routing } }), { log });
    const clients: StemClient[] = [];
    const stemIn = (namespace: string): StemClient => {
      const stem = connect({ url: server.url, namespace, log });
      clients.push(stem);
      return stem;
    };
    const transport = createGrpcTransport({ baseUrl: server.url });
    const workers = createClient(WorkerService, transport);
    const close = async (): Promise<void> => {
      await Promise.all(clients.map((stem) => stem.close()));
      await server.close();
    };
    onTestFinished(close);
    return {
      ...{ log, close, stemIn, stem: stemIn("default"), tasks: createClient(TaskService, transport) },
      /** How many more tasks of a queue are handed out. */
      lease: async (queue: string, namespace = "default") =>
        (await workers.leaseTasks({ namespace, queues: [queue], maxTasks: 10 })).grants.length,
    };
  }
  return { start };
}

async function limitsIn(stem: StemClient): Promise<Readonly<Record<string, number | undefined>>> {
  const found = await Array.fromAsync(stem.limits.list());
  return Object.fromEntries(found.map(({ on, concurrency }) => [on.subject, concurrency]));
}

test("limits of a file hold for leases and over restarts, change with it, and are nobody else's to put", async () => {
  const { start } = place();
  const first = await start(limited(2));
  const tasks = ["a", "b", "c", "d"].map((id) => ({ id, name: "send", queue: "mail" }));
  await first.tasks.enqueueTasks({ tasks });
  expect(await first.lease("mail")).toBe(2);
  await first.stem.limits.put({ queue: "own" }, { concurrency: 7 });
  const fixed = { reason: "LIMIT_FIXED", metadata: { namespace: "default", queue: "mail" } };
  await expect(first.stem.limits.put({ queue: "mail" }, { concurrency: 9 })).rejects.toMatchObject(fixed);
  await expect(first.stem.limits.delete({ queue: "mail" })).rejects.toMatchObject(fixed);
  await first.close();

  const second = await start(limited(2));
  expect(await limitsIn(second.stem)).toEqual({ mail: 2, own: 7 });
  expect(await second.lease("mail"), "what was leased before counts").toBe(0);
  await second.close();

  const third = await start(limited(3));
  expect(await limitsIn(third.stem)).toEqual({ mail: 3, own: 7 });
  expect(await third.lease("mail")).toBe(1);
  await third.close();

  const last = await start();
  expect(await limitsIn(last.stem)).toEqual({ own: 7 });
  expect(await last.lease("mail")).toBe(1);
  await last.stem.limits.put({ queue: "mail" }, { concurrency: 9 });
});

test("limits of a replacement hold over a restart", async () => {
  const { start } = place();
  const first = await start();
  await first.stem.routing.replace(limited(2), { revision: 0 });
  await first.close();
  const second = await start();
  expect(await limitsIn(second.stem)).toEqual({ mail: 2 });
  await expect(second.stem.limits.delete({ queue: "mail" })).rejects.toMatchObject({ reason: "LIMIT_FIXED" });
  await second.stem.routing.replace("", { revision: 1 });
  expect(await limitsIn(second.stem)).toEqual({});
});

test("a namespace that is made later has the limits of the file from the start, also when its name is made again", async () => {
  const { start } = place();
  const { stem, stemIn } = await start(limited(2));
  await stem.namespaces.create("acme");
  const acme = stemIn("acme");
  expect(await limitsIn(acme)).toEqual({ mail: 2 });
  await acme.limits.put({ queue: "own" }, { concurrency: 7 });
  await stem.namespaces.delete("acme");
  const isGone = () =>
    stem.namespaces.get("acme").then(
      () => false,
      () => true,
    );
  await until(isGone, { deadlineMs: 30_000, what: "the end of the namespace" });
  await stem.namespaces.create("acme");
  expect(await limitsIn(acme)).toEqual({ mail: 2 });
});

test("a namespace that comes into being when it is named has them, too", async () => {
  const { start } = place();
  const { stemIn } = await start(limited(2), { namespaceCreate: "on-use" });
  const acme = stemIn("acme");
  await expect(acme.limits.put({ queue: "mail" }, { concurrency: 9 })).rejects.toMatchObject({
    reason: "LIMIT_FIXED",
  });
  const limit = await until(() => acme.limits.get({ queue: "mail" }).catch(() => undefined), {
    ...{ deadlineMs: 30_000, what: "the limit" },
  });
  expect(limit).toMatchObject({ concurrency: 2 });
});

test("a server starts with new limits whatever state its namespaces are in", async () => {
  const { start } = place();
  const first = await start(limited(2));
  for (const name of ["disabled", "going"]) await first.stem.namespaces.create(name);
  await first.stem.namespaces.disable("disabled", "unpaid");
  await first.tasks.enqueueTask({ namespace: "going", name: "send", queue: "mail" });
  expect(await first.lease("mail", "going"), "what is with a worker keeps it from being gone").toBe(1);
  await first.stem.namespaces.delete("going", { force: true });
  await first.close();
  const second = await start(limited(3));
  expect(await limitsIn(second.stemIn("disabled"))).toEqual({ mail: 3 });
  expect(await second.stem.namespaces.get("going")).toMatchObject({ state: "deleting" });
  expect(second.log.lines.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
});
