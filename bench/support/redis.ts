import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { Redis } from "ioredis";

/** A Redis of our own: private port and folder on loopback, nothing persisted, gone when it is stopped. */
export type BenchRedis = { readonly port: number; stop(): Promise<void> };

/** Starts Redis without persistence, which is the peer's fastest setting. */
export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-bench-redis-"));
  const flags = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  const redis = spawn("redis-server", flags, { stdio: "ignore" });
  const exited = once(redis, "exit");
  const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: 100, retryStrategy: () => 20 });
  // It refuses connections while it starts; ping() below is what waits.
  client.on("error", () => undefined);
  await client.ping();
  client.disconnect();
  return {
    port,
    stop: async () => {
      redis.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
