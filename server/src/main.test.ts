import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { createConfig } from "./config/config.ts";
import { type RunningServer, StartError, startServer } from "./main.ts";
import { limits } from "./model/limits.ts";
import { createMemoryStore } from "./storage/memory/memory.ts";

const running: RunningServer[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const quiet = { log: { level: "silent" }, listen: { port: 0 } } as const;

async function start(url: string): Promise<RunningServer> {
  const server = await startServer(createConfig({ ...quiet, store: { url } }));
  running.push(server);
  return server;
}

async function call<Answer>({ url }: RunningServer, method: string, request: object): Promise<Answer> {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  };
  const response = await fetch(`${url}/stem.v1.${method}`, init);
  if (!response.ok) throw new Error(`${method} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

test("a server tells where it really listens", async () => {
  const server = await start("memory:");
  expect(server.address.port).toBeGreaterThan(0);
  expect(server.url).toBe(`http://127.0.0.1:${server.address.port}`);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("an address that cannot be had takes down what was started", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const taken = other.address();
  const port = typeof taken === "object" && taken !== null ? taken.port : 0;
  const store = createMemoryStore({ limits });
  const started = startServer(createConfig({ ...quiet, listen: { port } }), { store });
  await expect(started).rejects.toThrow(StartError);
  await expect(started).rejects.toMatchObject({ part: "address" });
  other.close();
  await expect(store.getMeta("any")).rejects.toMatchObject({ problem: { reason: "STORE_UNAVAILABLE" } });
});

test("closing twice is closing once, and closes the store that was handed in", async () => {
  const store = createMemoryStore({ limits });
  const server = await startServer(createConfig(quiet), { store });
  await Promise.all([server.close(), server.close()]);
  await server.close();
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  await expect(store.getMeta("any")).rejects.toMatchObject({ problem: { reason: "STORE_UNAVAILABLE" } });
});

test("a page token is good after a restart", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "stem-main-"));
  folders.push(folder);
  const url = `sqlite:${path.join(folder, "stem.db")}`;
  const first = await start(url);
  for (const id of ["a", "b", "c"]) await call(first, "TaskService/EnqueueTask", { id, name: "work" });
  type Page = { tasks: { id: string }[]; nextPageToken: string };
  const page = await call<Page>(first, "TaskService/ListTasks", { pageSize: 2 });
  await first.close();
  const second = await start(url);
  const rest = await call<Page>(second, "TaskService/ListTasks", {
    pageSize: 2,
    pageToken: page.nextPageToken,
  });
  expect([...page.tasks, ...rest.tasks].map(({ id }) => id)).toEqual(["c", "b", "a"]);
});
