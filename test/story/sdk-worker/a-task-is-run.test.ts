import path from "node:path";
import { defineTask, StemProblem } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { startProcess } from "../../support/server-process.ts";
import { startStem } from "../../support/whole-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "math.add" });
const greet = defineTask<{ name: string; loud?: boolean }, string>({ name: "greet" });
const reverse = defineTask<Uint8Array, Uint8Array>({ name: "bytes.reverse" });
const ping = defineTask({ name: "ping" });

test("a task is enqueued, run, and its result comes back", async () => {
  const { stem, work } = await startStem();
  await work({ tasks: [implement(add, (_, a, b) => a + b)] });
  const handle = await stem.enqueue(add, [2, 3]);
  expect(await handle.result({ timeoutMs: 5000 })).toBe(5);
  expect(await handle.status()).toMatchObject({
    id: handle.id,
    name: "math.add",
    queue: "default",
    state: "succeeded",
    attempt: 1,
    deliveries: 1,
    endedAt: expect.any(Date),
  });
});

test("arguments are a list, an object or bytes, and so are results", async () => {
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(greet, (_, { name, loud }) => (loud ? `HELLO ${name}` : `hello ${name}`)),
      implement(reverse, (_, bytes) => bytes.toReversed()),
      implement(ping, () => undefined),
    ],
  });
  const [greeted, reversed, pinged] = await stem.enqueueMany([
    greet.call({ name: "Ada", loud: true }),
    reverse.call(new Uint8Array([1, 2, 3])),
    ping.call(),
  ]);
  expect(await greeted.result()).toBe("HELLO Ada");
  expect(await reversed.result()).toEqual(new Uint8Array([3, 2, 1]));
  expect(await pinged.result()).toBeUndefined();
});

test("schemas check both ends, and each end gets what they put out", async () => {
  const plan = defineTask({
    name: "plan",
    args: z.tuple([z.coerce.date(), z.number().positive()]),
    result: z.object({ at: z.coerce.date(), note: z.string().default("none") }),
  });
  const { stem, work } = await startStem();
  await work({
    tasks: [implement(plan, (_, day, days) => ({ at: new Date(day.getTime() + days * 86_400_000) }))],
  });
  const handle = await stem.enqueue(plan, ["2030-01-01", 2]);
  expect(await handle.result()).toEqual({ at: new Date("2030-01-03T00:00:00Z"), note: "none" });
  await expect(stem.enqueue(plan, ["2030-01-01", -1])).rejects.toMatchObject({
    name: "SchemaMismatchError",
    issues: [{ path: "[1]" }],
  });
});

test("headers, tags and trace reach the handler", async () => {
  const seen = defineTask<[], unknown>({
    name: "seen",
    options: { headers: { tenant: "a" }, tags: ["nightly"] },
  });
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(seen, ({ headers, tags, trace }) => ({ headers, tags, traceparent: trace?.traceparent })),
    ],
  });
  const trace = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
  const handle = await stem.enqueue(seen, [], { headers: { region: "eu" }, tags: ["urgent"], trace });
  expect(await handle.result()).toEqual({
    headers: { tenant: "a", region: "eu" },
    tags: ["nightly", "urgent"],
    traceparent: trace.traceparent,
  });
});

test("whoever waits hears of the progress", async () => {
  const { stem, work } = await startStem();
  const copy = defineTask<[], string>({ name: "copy" });
  const heard = Promise.withResolvers<unknown>();
  await work({
    tasks: [
      implement(copy, async (ctx) => {
        ctx.progress({ percent: 40, message: "half way", data: { file: 2 } });
        await heard.promise;
        return "copied";
      }),
    ],
  });
  const later = await stem.enqueue(copy, [], { delayMs: 200 });
  const result = later.result({ timeoutMs: 5000, onProgress: heard.resolve });
  expect(await heard.promise).toEqual({ percent: 40, message: "half way", data: { file: 2 } });
  expect(await result).toBe("copied");
});

test("a wait can end before the task does, by time or by signal; the task goes on", async () => {
  const { stem, work } = await startStem();
  const handle = await stem.enqueue(add, [2, 3]);
  await expect(handle.result({ timeoutMs: 100 })).rejects.toMatchObject({
    name: "ResultTimeoutError",
    taskId: handle.id,
    state: "ready",
  });
  const controller = new AbortController();
  const waiting = handle.result({ signal: controller.signal });
  controller.abort(new Error("the user left"));
  await expect(waiting).rejects.toThrow("the user left");
  await work({ tasks: [implement(add, (_, a, b) => a + b)] });
  expect(await handle.result({ timeoutMs: 5000 })).toBe(5);
});

test("a task that there is not is a problem with a reason", async () => {
  const { stem } = await startStem();
  const handle = stem.handle(add, "never-enqueued");
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toThrow(StemProblem);
  await expect(handle.status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN", code: "NOT_FOUND" });
});

test("another process's handle finds the result, whether it waits before the end or comes after it", async () => {
  const { stem, work, url } = await startStem();
  const { id } = await stem.enqueue(add, [20, 22]);
  const wait = () => {
    const waiter = startProcess(path.join(import.meta.dirname, "plain-waiter.ts"), [url, id]);
    onTestFinished(async () => void (await waiter.end()));
    return waiter;
  };
  const early = wait();
  await early.line(/^is ready$/);
  const gate = Promise.withResolvers<void>();
  await work({
    tasks: [
      implement(add, async (ctx, a, b) => {
        ctx.progress(50);
        await gate.promise;
        return a + b;
      }),
    ],
  });
  // It hears of what goes on meanwhile: so it waits, and does not only look.
  await early.line(/^waits$/);
  gate.resolve();
  await early.line(/^result 42$/);
  await wait().line(/^result 42$/);
});
