import { group } from "@stem/sdk";
import { type Middleware, RejectError, RetryError } from "@stem/worker";
import { describe, expect, test } from "vitest";
import { canvasParts } from "./canvas-tasks.ts";
import { eventTasks } from "./event-tasks.ts";
import { everyRunner, startRunner } from "./every-runner.ts";

const module = new URL("./event-tasks.ts", import.meta.url);

/** Notes when a layer is entered and left. */
const layer = (name: string, notes: string[]): Middleware => ({
  async consume(task, next) {
    notes.push(`${name} takes ${task.name}`);
    await next();
    notes.push(`${name} has taken`);
  },
  async execute(ctx, next) {
    notes.push(`${name} runs ${ctx.id.length > 0}`);
    try {
      return await next();
    } finally {
      notes.push(`${name} has run`);
    }
  },
  error(_, error) {
    notes.push(`${name} hears ${(error as Error).name}`);
    throw new Error("an error hook may fail");
  },
});

describe.each(everyRunner)("middleware around handlers %s", (runner) => {
  const start = (...middleware: readonly Middleware[]) =>
    startRunner(runner, eventTasks, { module, middleware });

  test("stands around them like the skins of an onion, and hears their errors", async () => {
    const notes: string[] = [];
    const { stem, taskOf } = await start(layer("a", notes), layer("b", notes));
    expect(await (await stem.enqueue(taskOf("double"), [4])).result()).toBe(8);
    expect(notes).toEqual([
      ...["a takes double", "b takes double", "a runs true", "b runs true"],
      ...["b has run", "a has run", "b has taken", "a has taken"],
    ]);
    notes.length = 0;
    const failing = await stem.enqueue(taskOf("fail"), [], { maxAttempts: 1 });
    await expect(failing.result()).rejects.toMatchObject({ failure: { type: "RangeError", message: "far" } });
    expect(notes.slice(-4)).toEqual([
      "a hears RangeError",
      "b hears RangeError",
      "b has taken",
      "a has taken",
    ]);
  });

  test("sees what changes a canvas, and may add to it", async () => {
    const canvas = new URL("./canvas-tasks.ts", import.meta.url);
    const { stem, taskOf } = await startRunner(runner, canvasParts, {
      module: canvas,
      middleware: [
        {
          async execute(ctx, next) {
            const value = await next();
            if (ctx.name === "canvas-spread" && value === 0)
              ctx.addToGroup(taskOf("canvas-add").signature([1, 1]));
            return typeof value === "number" ? value + 0.5 : value;
          },
        },
      ],
    });
    const replaced = await stem.submit(taskOf("canvas-countdown").signature([1]));
    expect(await replaced.result({ timeoutMs: 50_000 })).toBe(100.5);
    const grown = await stem.submit(group(taskOf("canvas-spread").signature([1])));
    expect(await grown.result({ timeoutMs: 50_000 })).toEqual([1.5, 0.5, 2.5]);
  });

  test("may change a result, stand in for a handler, or end an attempt in its own way", async () => {
    const { stem, taskOf } = await start({
      async execute(ctx, next) {
        if (ctx.name === "fail") return "stood in";
        if (ctx.name === "reject") return next().catch(() => "forgiven");
        if (ctx.name === "again") throw new RejectError("not here");
        return ((await next()) as number) + 0.5;
      },
    });
    expect(await (await stem.enqueue(taskOf("double"), [4])).result()).toBe(8.5);
    expect(await (await stem.enqueue(taskOf("fail"))).result()).toBe("stood in");
    expect(await (await stem.enqueue(taskOf("reject"))).result()).toBe("forgiven");
    const rejected = await stem.enqueue(taskOf("again"));
    await expect(rejected.result()).rejects.toMatchObject({ stateReason: "rejected" });
  });

  test("that fails before the handler ends the attempt, and after it changes nothing", async () => {
    const { stem, taskOf, log } = await start({
      async consume(task, next) {
        if (task.name === "fail") throw new RejectError("never begun");
        if (task.name === "again" && task.attempt === 1) throw new RetryError("later", { delayMs: 1 });
        if (task.name === "reject") return;
        await next();
        if (task.name === "double") throw new Error("too late");
      },
    });
    await expect((await stem.enqueue(taskOf("fail"))).result()).rejects.toMatchObject({
      stateReason: "rejected",
    });
    expect(await (await stem.enqueue(taskOf("double"), [1])).result()).toBe(2);
    expect(log.lines.map(({ text }) => text)).toContain("a middleware failed around a task that had begun");
    const again = await stem.enqueue(taskOf("again"));
    await again.result();
    expect(await again.status()).toMatchObject({ attempt: 2 });
    const skipped = await stem.enqueue(taskOf("reject"), [], { maxAttempts: 1 });
    await expect(skipped.result()).rejects.toMatchObject({
      failure: { message: expect.stringContaining("did not call next") },
    });
  });
});
