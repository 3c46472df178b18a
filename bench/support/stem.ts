import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { GetQueueRequestSchema, QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { connect, type EnqueueOptions, type StemClient } from "@stem/sdk";
import { type Child, startChild } from "./child.ts";
import type { Sample } from "./measure.ts";
import { noop, payload } from "./tasks.ts";

/** A running server on a data folder of its own. */
export type BenchServer = {
  readonly url: string;
  readonly child: Child;
  readonly client: StemClient;
  /** How many tasks of the default queue are ready, and how many have succeeded. */
  queue(): Promise<{ readonly ready: number; readonly succeeded: number }>;
};

/** What the launcher has Node run a server with; test/command/launcher.test.ts says so. */
export const launcherFlags = ["--max-semi-space-size=16"];

/** Gives `use` an empty server, by default on SQLite with fsync, and takes it down afterwards. */
export async function withStem<Result>(
  use: (server: BenchServer, store: string) => Promise<Result>,
  other?: string,
): Promise<Result> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-bench-"));
  const store = other ?? `sqlite:${path.join(folder, "stem.db")}`;
  const server = await startStem(store);
  try {
    return await use(server, store);
  } finally {
    await stopStem(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a server in a process of its own. */
export async function startStem(store: string, tasks = 0): Promise<BenchServer> {
  const child = startChild("../processes/stem-server.ts", { store, tasks }, launcherFlags);
  const { url } = await child.next<{ url: string }>();
  return { url, child, client: connect(url), queue: () => depthOf(url) };
}

/** Takes a server down. */
export async function stopStem({ client, child }: BenchServer): Promise<void> {
  await client.close();
  await child.end();
}

/** Fills the queue, a thousand a call, four calls in flight. */
export async function fillStem({ client }: BenchServer, count: number): Promise<void> {
  const starts = Array.from({ length: Math.ceil(count / 1000) }, (_, i) => i * 1000);
  const next = starts.values();
  const lane = async (): Promise<void> => {
    for (const start of next) await client.enqueueMany(noops(start, Math.min(1000, count - start)));
  };
  await Promise.all(Array.from({ length: 4 }, lane));
}

/** Calls of the no-op task. */
export const noops = (start: number, size: number, options?: EnqueueOptions) =>
  Array.from({ length: size }, (_, i) => noop.call([payload(start + i)], options));

/** On which store, by default SQLite, and what is done once the queue is full. */
export type DrainOptions = { readonly store?: string; readonly whenFull?: () => Promise<void> };

/** Tasks per second of one worker process at concurrency 100 on `count` no-ops that wait already. */
export function stemDrain(count: number, { store, whenFull }: DrainOptions = {}): Promise<Sample> {
  return withStem(async (server) => {
    await fillStem(server, count);
    await whenFull?.();
    return drainWith(server, count);
  }, store);
}

/** Drains `count` of what waits with one worker process. `before` have succeeded already. */
export async function drainWith(server: BenchServer, count: number, before = 0): Promise<Sample> {
  const worker = startChild("../processes/stem-worker.ts", { url: server.url, count, concurrency: 100 });
  const { seconds, handled } = await worker.next<{ seconds: number; handled: number }>();
  await worker.end();
  const { succeeded } = await server.queue();
  // A worker that leaves while more is waiting may have finished some beyond the count; never fewer, never twice.
  return { value: count / seconds, delivered: handled >= count && succeeded >= before + count };
}

async function depthOf(url: string): Promise<{ readonly ready: number; readonly succeeded: number }> {
  const queues = createClient(
    QueueService,
    createGrpcTransport({ baseUrl: url, idleConnectionTimeoutMs: 100 }),
  );
  const { queue } = await queues.getQueue(create(GetQueueRequestSchema, { queue: "default" }));
  return { ready: Number(queue?.depth?.ready ?? 0n), succeeded: Number(queue?.depth?.succeeded ?? 0n) };
}
