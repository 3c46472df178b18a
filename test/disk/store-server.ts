import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type CallOptions, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { onTestFinished } from "vitest";
import { type NodeProcessOptions, startServerProcess } from "../support/server-process.ts";

/** Where a test keeps its store; goes with the test. */
export async function freshStorePath(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "stem-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, "stem.db");
}

/** The command's flags for a store. */
export const storeFlags = (file: string): readonly string[] => ["--store", `sqlite:${file}`];

/** A server process on a store, and what is asked of it; the process goes with the test. */
export async function startStoreServer(file: string, options: NodeProcessOptions = {}) {
  const started = await startServerProcess(storeFlags(file), options);
  onTestFinished(async () => void (await started.end()));
  const transport = createGrpcTransport({ baseUrl: started.url });
  const tasks = createClient(TaskService, transport);
  const workers = createClient(WorkerService, transport);
  return {
    ...started,
    tasks,
    workers,
    /** Enqueues a task under this id. */
    enqueue: (id: string, call?: CallOptions) => tasks.enqueueTask({ id, name: "a" }, call),
    /** Leases one task, and gives its token. */
    async lease(): Promise<Uint8Array> {
      const { grants } = await workers.leaseTasks({ queues: ["default"], maxTasks: 1 });
      return grants[0]?.leaseToken ?? new Uint8Array();
    },
    /** Settles a lease with a success, and gives the verdict. */
    async settle(leaseToken: Uint8Array) {
      const outcome = { case: "succeeded" as const, value: {} };
      const { results } = await workers.settleTasks({ settlements: [{ leaseToken, outcome }] });
      return results[0]?.verdict?.outcome;
    },
  };
}

/** A server on a store. */
export type StoreServer = Awaited<ReturnType<typeof startStoreServer>>;
