import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { startProcess, startServerProcess, type TestProcess } from "../support/server-process.ts";

const main = path.resolve(import.meta.dirname, "../../examples/file-report/main.ts");

let folder = "";
let data = "";
let port = 0;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-main-job-"));
  data = path.join(folder, ".stem");
  port = await freePort();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `count` files in a few folders; file i has i + 1 lines of two words. */
function writeFiles(count: number, bytesEach = 0): void {
  const padding = "x".repeat(bytesEach);
  for (let i = 0; i < count; i++) {
    const home = path.join(folder, "files", `folder-${i % 7}`);
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, `${i}.txt`), "two words\n".repeat(i + 1) + padding);
  }
}

/** `npm start FOLDER -- --port …` without the npm. */
function start(...args: readonly string[]): TestProcess {
  return startProcess(main, [path.join(folder, "files"), "--port", String(port), "--data", data, ...args]);
}

/** The files that were read, in order, over all runs. */
function journal(): readonly string[] {
  const home = path.join(data, "file-report");
  if (!existsSync(home)) return [];
  const logs = readdirSync(home).filter((name) => name.endsWith(".log"));
  return logs.flatMap((name) => readFileSync(path.join(home, name), "utf8").split("\n").filter(Boolean));
}

const sum = (count: number): number => (count * (count + 1)) / 2;

test("every file is read once and counted, and the server stays up until told to stop", {
  timeout: 60_000,
}, async () => {
  writeFiles(20);
  writeFileSync(path.join(folder, "files/image.bin"), Uint8Array.of(1, 0, 2));
  const first = start();
  await first.line(/stays up until Ctrl-C/);
  expect(journal()).toHaveLength(21);
  const said = first.lines.join("\n");
  expect(said).toMatch(new RegExp(`\\.txt +│ +20 +│ +${sum(20)} +│ +${2 * sum(20)} +│`));
  expect(said).toMatch(/\(binary\) +│ +1 +│ +0 +│ +0 +│ +3 /);
  expect(said).toContain("21 files below");
  expect(said).toContain("most words: folder-5/19.txt (40)");
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(await first.end("SIGINT")).toEqual({ code: 0, signal: null });

  // A finished run is not gone on with: the next one reads all files again.
  const second = start();
  await second.line(/stays up until Ctrl-C/);
  await second.end("SIGTERM");
  expect(second.lines.join("\n")).toContain("21 files below");
  expect(journal()).toHaveLength(42);
});

test("after kill -9 a second start runs nothing again that was finished, and finishes the rest", {
  timeout: 120_000,
}, async () => {
  const count = 1500;
  const concurrency = 4;
  writeFiles(count, 20_000);
  const first = start("--concurrency", String(concurrency));
  await first.line(/^\d+ of 1500 files/, 60_000);
  expect(await first.end("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
  const before = journal();

  const second = start("--concurrency", String(concurrency));
  const line = await second.line(/finished before/, 60_000);
  const [, finished = 0, , left = 0] =
    /(\d+) of (\d+) files were finished before, (\d+) are left/.exec(line)?.map(Number) ?? [];
  await second.line(/stays up until Ctrl-C/, 60_000);
  await second.end("SIGTERM");
  const after = journal().slice(before.length);

  // The kill fell into the middle.
  expect(finished).toBeGreaterThan(0);
  expect(left).toBeGreaterThan(0);
  expect(finished + left).toBe(count);
  // What was finished had been read; read but not finished is only what was on its way to the store.
  expect(before.length).toBeGreaterThanOrEqual(finished);
  // The second start read exactly what was left, each file once.
  expect(after).toHaveLength(left);
  expect(new Set(after).size).toBe(left);
  const twice = after.filter((file) => before.includes(file)).length;
  expect(twice).toBe(before.length - finished);
  expect(new Set([...before, ...after]).size).toBe(count);
  expect(second.lines.join("\n")).toMatch(
    new RegExp(`all +│ +1,500 +│ +${(sum(count) + count).toLocaleString("en")} `),
  );
});

test("a server that holds the port already is used, and left running", { timeout: 60_000 }, async () => {
  writeFiles(3);
  const server = await startServerProcess(["--store", "memory:"]);
  port = Number(new URL(server.url).port);
  const job = start();
  expect(await job.exited).toEqual({ code: 0, signal: null });
  expect(job.lines.join("\n")).toContain(`runs at ${server.url} already`);
  expect(journal()).toHaveLength(3);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await server.end("SIGTERM");
});

test("another program on the port is named as the reason, with a way out", async () => {
  writeFiles(1);
  const stranger = createServer((_, response) => response.end("hello")).listen(port, "127.0.0.1");
  await new Promise((resolve) => stranger.once("listening", resolve));
  const job = start();
  const { code } = await job.exited;
  stranger.close();
  expect(code).toBe(1);
  expect(job.lines.join("\n")).toContain(
    `port ${port} is held by another program; choose one: npm start -- --port ${port + 1}`,
  );
});

test.each([
  [["--port", "x"], '--port must be a whole number from 1 to 65535; it is "x"'],
  [["--concurrency", "0"], "--concurrency must be a whole number from 1 to 1000"],
  [["too", "many"], "usage: npm start [folder]"],
])("%j is refused", async (args, message) => {
  writeFiles(1);
  const job = start(...args);
  expect((await job.exited).code).toBe(1);
  expect(job.lines.join("\n")).toContain(message);
});
