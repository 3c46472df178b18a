import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { createServer, type Server, type ServerOptions } from "./embedded.ts";
import { limits } from "./model/limits.ts";
import { createMemoryStore } from "./storage/memory/memory.ts";

const say = (): void => undefined;
const quiet = { debug: say, info: say, warn: say, error: say };
const made: Server[] = [];
afterEach(async () => {
  for (const server of made.splice(0)) await server.close();
});

function serverOf(options: Partial<ServerOptions> = {}): Server {
  const server = createServer({ store: "memory:", log: quiet, ...options });
  made.push(server);
  return server;
}

/** What GET /healthz answers over a connection without a port; nothing when the connection is refused. */
async function health(server: Server): Promise<string> {
  const connection = server.dial();
  connection.on("error", say);
  connection.write("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  let answer = "";
  try {
    for await (const chunk of connection) answer += String(chunk);
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  }
  return answer.split("\r\n", 1)[0] ?? "";
}

test("without a port it has no address and answers whoever dials", async () => {
  const server = serverOf();
  await server.start();
  expect([server.address, server.url]).toEqual([undefined, undefined]);
  expect(await health(server)).toBe("HTTP/1.1 200 OK");
});

test("with a port it listens there, and is dialled all the same", async () => {
  const server = serverOf({ listen: { port: 0 } });
  expect(server.url).toBe(undefined);
  await server.start();
  expect(server.address?.port).toBeGreaterThan(0);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await health(server)).toBe("HTTP/1.1 200 OK");
  await server.close();
  expect([server.address, server.url]).toEqual([undefined, undefined]);
});

test("a server that does not run refuses connections", async () => {
  const server = serverOf();
  expect(await health(server)).toBe("");
  await server.start();
  await server.close();
  expect(await health(server)).toBe("");
});

test("several run side by side, each with its own tasks", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-embedded-"));
  const servers = [serverOf(), serverOf(), serverOf({ store: `sqlite:${folder}/stem.db` })];
  await Promise.all(servers.map((server) => server.start()));
  expect(await Promise.all(servers.map(health))).toEqual(Array(3).fill("HTTP/1.1 200 OK"));
  await servers[0]?.close();
  expect(await Promise.all(servers.slice(1).map(health))).toEqual(Array(2).fill("HTTP/1.1 200 OK"));
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

test("a store that was open already is used, and closed with the server", async () => {
  const store = createMemoryStore({ limits });
  let closed = 0;
  const close = (): Promise<void> => {
    closed += 1;
    return store.close();
  };
  const server = serverOf({ store: Object.assign(Object.create(store), { close }) });
  await server.start();
  expect(await health(server)).toBe("HTTP/1.1 200 OK");
  await server.close();
  expect(closed).toBe(1);
});

test("a mistake in the options is thrown where it is made", () => {
  expect(() => serverOf({ listen: { port: 70_000 } })).toThrow(/listen\.port.*70000/);
  expect(() => serverOf({ listen: { host: "0.0.0.0" } })).toThrow(/insecure/);
  expect(() => serverOf({ defaults: { priority: 12 } })).toThrow(/defaults\.priority/);
  expect(() => serverOf({ store: "redis:x" })).toThrow(/store\.url/);
});

test("a port that is taken, and a store that is not to be had, are start errors", async () => {
  const first = serverOf({ listen: { port: 0 } });
  await first.start();
  const second = serverOf({ listen: { port: first.address?.port ?? 0 } });
  await expect(second.start()).rejects.toMatchObject({ name: "StartError", part: "address" });
  await expect(serverOf({ store: "sqlite:/dev/null/stem.db" }).start()).rejects.toMatchObject({
    part: "store",
  });
  // What did not start is closed like any other.
  await second.close();
});

test("starting twice is starting once; what was closed does not start again", async () => {
  const server = serverOf();
  await Promise.all([server.start(), server.start()]);
  await Promise.all([server.close(), server.close()]);
  await expect(server.start()).rejects.toThrow("was closed");
});

test("closing while it starts closes what has started", async () => {
  const server = serverOf({ listen: { port: 0 } });
  const started = server.start();
  await server.close();
  await started;
  expect(await health(server)).toBe("");
});

test("it ends with its scope", async () => {
  let kept: Server | undefined;
  {
    await using server = createServer({ store: "memory:", log: quiet });
    await server.start();
    kept = server;
  }
  expect(await health(kept)).toBe("");
});
