import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../test/support/free-port.ts";

/** What a Redis keeps: nothing, or everything in its append-only file, synced once a second or before each answer. */
export type RedisKeeping = "nothing" | "everysec" | "always";

/** A Redis of our own: private port and folder on loopback, gone when it is stopped. */
export type BenchRedis = {
  readonly port: number;
  /** Names it as our server's store. */
  readonly url: string;
};

/** Gives `use` an empty Redis, and takes it down afterwards. */
export async function withRedis<Result>(
  keeping: RedisKeeping,
  use: (redis: BenchRedis) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-bench-redis-"));
  const redis = spawn("redis-server", flagsOf(port, folder, keeping), { stdio: "ignore" });
  const exited = once(redis, "exit");
  try {
    await untilItAnswers(port);
    return await use({ port, url: `redis://127.0.0.1:${port}` });
  } finally {
    redis.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

function flagsOf(port: number, folder: string, keeping: RedisKeeping): string[] {
  const file = keeping === "nothing" ? { appendonly: "no" } : { appendonly: "yes", appendfsync: keeping };
  const settings = { port: `${port}`, bind: "127.0.0.1", dir: folder, save: "", ...file };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function untilItAnswers(port: number): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: 100, retryStrategy: () => 20 });
  // It refuses connections while it starts; ping() below is what waits.
  client.on("error", () => undefined);
  await client.ping();
  client.disconnect();
}
