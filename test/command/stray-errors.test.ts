import { expect, test } from "vitest";
import { startServerProcess } from "../support/server-process.ts";

/** Node flags that run some code inside the server process. */
const inside = (code: string): readonly string[] => [
  "--import",
  `data:text/javascript,${encodeURIComponent(code)}`,
];

/** Each SIGUSR2 makes a promise that rejects and that nobody looks at. */
const strayRejections = inside('process.on("SIGUSR2", () => { Promise.reject(new Error("stray")); })');
const strayThrow = inside('process.on("SIGUSR2", () => { throw new Error("thrown"); })');

test("a rejection that nobody handles is logged and counted, and the server goes on", async () => {
  const server = await startServerProcess(["--store", "memory:"], { nodeArgs: strayRejections });
  server.child.kill("SIGUSR2");
  const line = await server.line(/nobody was listening/);
  expect(JSON.parse(line)).toMatchObject({ level: 50, total: 1, error: { message: "stray" } });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  server.child.kill("SIGUSR2");
  await server.line(/"total":2/);
  expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
});

test("many of them within a minute end the server", async () => {
  const server = await startServerProcess(["--store", "memory:"], { nodeArgs: strayRejections });
  for (let total = 1; total <= 10; total++) {
    server.child.kill("SIGUSR2");
    await server.line(new RegExp(`"total":${total},`));
  }
  expect(await server.exited).toEqual({ code: 1, signal: null });
});

test("an error that nobody catches ends the server, with its last words in the log", async () => {
  const server = await startServerProcess(["--store", "memory:"], { nodeArgs: strayThrow });
  server.child.kill("SIGUSR2");
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(JSON.parse(server.lines.at(-1) ?? "")).toMatchObject({ level: 50, error: { message: "thrown" } });
});
