import path from "node:path";
import { connect, defineTask } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished } from "vitest";
import { startProcess, type TestProcess } from "../support/server-process.ts";
import { redisTests } from "./shared-store.ts";

const command = path.resolve(import.meta.dirname, "../../server/src/cli.ts");
const add = defineTask<[a: number, b: number], number>({ name: "add" });

async function startServer(url: string): Promise<{ readonly url: string; readonly process: TestProcess }> {
  const server = startProcess(command, ["--store", url, "--port", "0"]);
  onTestFinished(async () => void (await server.end()));
  const line = await server.line(/listening/, 60_000);
  return { url: (JSON.parse(line) as { readonly url: string }).url, process: server };
}

redisTests(
  (test) => {
    test("what is enqueued at one server runs at a worker of the other, also when the first one is killed meanwhile", async (shared) => {
      const first = await startServer(shared.url);
      const second = await startServer(shared.url);
      const [producer, reader] = [connect({ url: first.url }), connect({ url: second.url })];
      onTestFinished(() => producer.close());
      onTestFinished(() => reader.close());
      const handles = await Promise.all(Array.from({ length: 50 }, (_, i) => producer.enqueue(add, [i, 1])));
      const worker = createWorker({ url: second.url, tasks: [implement(add, (_ctx, a, b) => a + b)] });
      await worker.start();
      onTestFinished(() => worker.stop());
      expect(await Promise.all(handles.slice(0, 25).map((handle) => handle.result()))).toEqual(
        handles.slice(0, 25).map((_, i) => i + 1),
      );
      const later = await Promise.all(Array.from({ length: 50 }, (_, i) => producer.enqueue(add, [i, 2])));
      await first.process.end("SIGKILL");
      const results = await Promise.all(later.map(({ id }) => reader.handle(add, id).result()));
      expect(results).toEqual(later.map((_, i) => i + 2));
    });
  },
  { isSafe: true },
);
