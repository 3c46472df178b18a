import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ClientClosedError, connect, defineTask } from "@stem/sdk";
import { createServer } from "@stem/server";
import { startTestServer } from "@stem/server/testing";
import { createApp, implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const adding = implement(add, (_ctx, a, b) => a + b);
const log = createRecordingLog();

test("a program that runs what it enqueues: the first call starts the server and the worker, the end closes both", async () => {
  const server = createServer({ store: "memory:", log });
  {
    await using app = createApp({ server, tasks: [adding], log });
    const dialled = connect({ dial: server.dial, publishRetry: false });
    await expect(dialled.enqueue(add, [1, 1])).rejects.toMatchObject({ outcome: "unknown" });
    await dialled.close();
    const sum = await app.enqueue(add, [2, 3]);
    expect(await sum.result({ timeoutMs: 5000 })).toBe(5);
    const [more] = await app.enqueueMany([add.call([20, 30])]);
    expect(await more.result({ timeoutMs: 5000 })).toBe(50);
    expect(app.worker.stats()).toMatchObject({ succeeded: 2 });
    expect(await app.client.handle(add, sum.id).status()).toMatchObject({ state: "succeeded" });
  }
  await expect(server.start()).rejects.toThrow("was closed");
});

test("what was enqueued in one life of the program is run in the next", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-app-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const life = () => createServer({ store: `sqlite:${path.join(folder, "dev.db")}`, log });
  {
    await using app = createApp({ server: life(), tasks: [adding], log });
    await app.start();
    await app.enqueue(add, [1, 2], { id: "later", delayMs: 500 });
  }
  await using app = createApp({ server: life(), tasks: [adding], log });
  await app.start();
  expect(await app.client.handle(add, "later").result({ timeoutMs: 50_000 })).toBe(3);
});

test("an app of a server elsewhere leaves it alone, and starts its worker with its first call, too", async () => {
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const { dial } = server;
  await using app = createApp({ dial, tasks: [adding], log });
  const sum = await app.enqueue(add, [2, 2]);
  expect(await sum.result({ timeoutMs: 5000 })).toBe(4);
  await app.stop();
  await expect(app.enqueue(add, [1, 1])).rejects.toBeInstanceOf(ClientClosedError);
  await using other = connect({ dial });
  expect(await other.handle(add, sum.id).result({ timeoutMs: 5000 })).toBe(4);
});

test("what keeps the server or the worker from starting is told to whoever starts it, and to those who enqueue", async () => {
  const taken = createServer({ store: "sqlite:/dev/null/nowhere.db", log });
  const unserved = createApp({ server: taken, tasks: [adding], log });
  await expect(unserved.start()).rejects.toMatchObject({ part: "store" });
  await expect(unserved.enqueue(add, [1, 1])).rejects.toMatchObject({ part: "store" });
  await unserved.stop();

  const server = await startTestServer();
  onTestFinished(() => server.close());
  await using unwelcome = createApp({ dial: server.dial, namespace: "nowhere", tasks: [adding], log });
  await expect(unwelcome.start()).rejects.toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
  await expect(unwelcome.enqueue(add, [1, 1])).rejects.toMatchObject({ reason: "NAMESPACE_UNKNOWN" });
});

test("an app that is told two servers is refused", () => {
  const server = createServer({ store: "memory:", log });
  expect(() => createApp({ server, url: "127.0.0.1:7836", tasks: [adding] })).toThrow("not both");
});
