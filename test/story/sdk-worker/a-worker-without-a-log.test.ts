import path from "node:path";
import { startServer } from "@stem/server";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../support/free-port.ts";
import { createRecordingLog } from "../../support/recording-log.ts";
import { startProcess } from "../../support/server-process.ts";
import { configOf } from "../../support/whole-stem.ts";

const program = path.join(import.meta.dirname, "plain-worker.ts");

test("a worker that was given no log tells on standard error that it cannot connect, and when it is connected", async () => {
  const port = await freePort();
  const worker = startProcess(program, [`http://127.0.0.1:${port}`]);
  onTestFinished(async () => void (await worker.end()));
  const line = await worker.line(/cannot be reached/);
  expect(line).toMatch(/^stem worker warning: the server cannot be reached; trying again \{ url: 'http:/);

  const server = await startServer(configOf({ listen: { port } }), { log: createRecordingLog() });
  onTestFinished(() => server.close());
  await worker.line(/^stem worker warning: connected/);
  expect(worker.lines.filter((each) => each.includes("cannot be reached"))).toHaveLength(1);
  expect(await worker.end("SIGTERM")).toEqual({ code: 0, signal: null });
});
