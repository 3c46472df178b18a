import {
  defineTask,
  EnqueueManyError,
  ResultTimeoutError,
  SchemaMismatchError,
  StemProblem,
  TaskFailedError,
} from "@stem/sdk";
import {
  implement,
  LeaseLost,
  NonRetryable,
  RejectError,
  SoftTimeLimitExceeded,
  TaskCancelled,
  type TaskContext,
} from "@stem/worker";
import { canvasParts, canvasTasks } from "./canvas-tasks.ts";

/** Handlers that use all of their context and return what they saw, for a worker's own process, its threads and its child processes. */

const onlyEven = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      Array.isArray(value) && value[0] % 2 === 0
        ? { value: [value[0] / 2] }
        : { issues: [{ message: "is odd", path: [0] }] },
    types: undefined as unknown as { input: [even: number]; output: [half: number] },
  },
};

/** What a call rejects with. */
const thrownBy = (call: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(call)
    .then(
      () => "nothing",
      (error: unknown) => error,
    );

const aborted = ({ signal }: TaskContext): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason), { once: true }));

function thrownAtOnce(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

export const half = defineTask({ name: "half", args: onlyEven });
export const facts = defineTask<[], object>({ name: "facts" });
export const child = defineTask<[word: string], string>({ name: "child", options: { maxAttempts: 1 } });

const output = defineTask<[], unknown>({ name: "output" });

class OutOfPaper extends Error {
  readonly tray = 2;
}

/** Each shows one side of the context. Its name says which. */
export const contextTasks = [
  implement(half, (_, number) => ({ number })),
  implement(child, (_, word) => {
    if (word === "") throw new RangeError("no word");
    return `${word}!`;
  }),
  implement(facts, (ctx) => {
    const { name, queue, attempt, maxAttempts, delivery, headers, tags, trace, metadata } = ctx;
    const fence = { epoch: typeof ctx.fence.epoch, isText: /^\d{16}-\d{16}$/.test(ctx.fence.text) };
    const isQuiet = !ctx.signal.aborted && ctx.cancelReason === undefined;
    return { name, queue, attempt, maxAttempts, delivery, headers, tags, trace, metadata, fence, isQuiet };
  }),
  implement(defineTask<[], unknown>({ name: "enqueue" }), async (ctx) => {
    const one = await ctx.enqueue(child, ["one"], { queue: "other" });
    const many = await ctx.enqueueMany([child.call(["two"]), child.call(["three"])]);
    const results = [await one.result(), ...(await Promise.all(many.map((handle) => handle.result())))];
    return { results, name: one.name, state: (await one.status()).state };
  }),
  implement(defineTask<[], unknown>({ name: "enqueue-children" }), async (ctx) => {
    const own = { traceparent: "00-11111111111111111111111111111111-2222222222222222-01" };
    const children = [
      await ctx.enqueue(facts),
      await ctx.enqueue(facts, [], { trace: own }),
      ...(await ctx.enqueueMany([facts.call()])),
    ];
    return Promise.all(children.map((handle) => handle.result()));
  }),
  implement(defineTask<[], unknown>({ name: "enqueue-and-leave" }), (ctx) => {
    void ctx.enqueue(child, ["left"], { id: `child-of-${ctx.id}` });
  }),
  implement(defineTask<[], unknown>({ name: "enqueue-errors" }), async (ctx) => {
    const problem = await thrownBy(() => ctx.enqueue(child, ["x"], { priority: 99 }));
    const mismatch = await thrownBy(() => ctx.enqueue(half, [3]));
    const many = await thrownBy(() =>
      ctx.enqueueMany([child.call(["fine"]), child.call(["x"], { priority: 99 })]),
    );
    const range = await thrownBy(() => ctx.enqueue(child, ["x"], { delayMs: -1 }));
    const unwritable = await thrownBy(() => ctx.enqueue(child, [1n as never]));
    const failing = await ctx.enqueue(child, [""]);
    const failure = await thrownBy(() => failing.result());
    const paused = await ctx.enqueue(child, ["later"], { delayMs: 60_000 });
    const timeout = await thrownBy(() => paused.result({ timeoutMs: 1 }));
    const givenUp = await thrownBy(() =>
      paused.result({ signal: AbortSignal.abort(new RangeError("enough")) }),
    );
    const { outcome } = await paused.cancel("not needed");
    return {
      problem: problem instanceof StemProblem && [
        problem.reason,
        problem.violations[0]?.field,
        problem.outcome,
      ],
      mismatch: mismatch instanceof SchemaMismatchError && mismatch.issues,
      many: many instanceof EnqueueManyError && [many.refused[0]?.index, many.storedIds.length],
      range: range instanceof RangeError && range.message,
      unwritable: (unwritable as Error).name,
      failure: failure instanceof TaskFailedError && [
        failure.failure?.type,
        (failure.cause as Error).message,
      ],
      timeout: timeout instanceof ResultTimeoutError && timeout.timeoutMs,
      givenUp: givenUp instanceof RangeError && givenUp.message,
      outcome,
    };
  }),
  implement(defineTask<[], unknown>({ name: "lease" }), async (ctx) => {
    await ctx.heartbeat();
    await ctx.extendLease(30_000);
    const wrong = await thrownBy(() => ctx.extendLease(Number.NaN));
    return wrong instanceof RangeError && wrong.message;
  }),
  implement(defineTask<[], unknown>({ name: "progress" }), async (ctx) => {
    const wrong = await thrownBy(() => ctx.progress(101));
    const report = (): void => ctx.progress({ percent: 40, message: "nearly half", data: { page: 4 } });
    const reports = setInterval(report, 20);
    await aborted(ctx);
    clearInterval(reports);
    return wrong instanceof RangeError && wrong.message;
  }),
  implement(defineTask<[], unknown>({ name: "log" }), (ctx) => {
    ctx.log.warn({ pages: 3, error: new OutOfPaper("tray 2 is empty"), run: () => undefined }, "printing");
  }),
  implement(defineTask<[], unknown>({ name: "output" }), async (ctx) => {
    ctx.progress(50);
    ctx.log.info({ pages: 1 }, "page 1");
    await ctx.write({ page: 1 });
    void ctx.write(new Uint8Array([1, 2]));
    const tooLarge = await thrownBy(() => ctx.write("x".repeat(65_537)));
    const unwritable = await thrownBy(() => ctx.write(1n));
    ctx.log.debug({}, "not kept");
    ctx.progress(100);
    return [(tooLarge as Error).name, (unwritable as Error).name];
  }),
  implement(defineTask<[], unknown>({ name: "read-output" }), async (ctx) => {
    const printing = await ctx.enqueue(output);
    const chunks: unknown[] = [];
    for await (const put of printing.output({ kinds: ["chunk"] }))
      if (put.kind === "chunk") chunks.push(put.data instanceof Uint8Array ? "bytes" : put.data);
    const stopped = await thrownBy(async () => {
      const signal = AbortSignal.abort(new RangeError("enough"));
      for await (const put of printing.output({ signal })) chunks.push(put);
    });
    return { chunks, stopped: (stopped as Error).message };
  }),
  implement(defineTask<[], unknown>({ name: "emit" }), async (ctx) => {
    const one = await ctx.emit("printed", { pages: 3 }, { id: `${ctx.id}-1`, headers: { tenant: "a" } });
    const again = await ctx.emit("printed", { pages: 3 }, { id: `${ctx.id}-1`, headers: { tenant: "a" } });
    const elsewhere = await ctx.emit("printed", undefined, { queue: `events-of-${ctx.id}` });
    const refused = await thrownBy(() => ctx.emit("two words"));
    return [
      one.id === `${ctx.id}-1` && one.deduplicated === false && again.deduplicated,
      elsewhere.offset,
      refused instanceof StemProblem && refused.violations[0]?.field,
    ];
  }),
  implement(defineTask<[], unknown>({ name: "cancel" }), async (ctx) => {
    ctx.progress(1);
    const reason = await aborted(ctx);
    const heartbeat = await thrownBy(() => ctx.heartbeat());
    return [
      reason instanceof TaskCancelled && reason.reason,
      ctx.cancelReason,
      heartbeat === reason,
      reason instanceof LeaseLost,
    ];
  }),
  implement(defineTask<[], unknown>({ name: "soft-limit" }), async (ctx) => {
    const hooked = Promise.withResolvers<string>();
    ctx.onSoftTimeLimit((reason) => hooked.resolve(reason.name));
    await new Promise<void>((told) => ctx.softSignal.addEventListener("abort", () => told(), { once: true }));
    const reason: unknown = ctx.softSignal.reason;
    return [
      await hooked.promise,
      reason instanceof SoftTimeLimitExceeded && reason.message,
      ctx.signal.aborted,
    ];
  }),
  implement(defineTask<[], unknown>({ name: "checkpoint" }), (ctx) => {
    const wrong = thrownAtOnce(() => ctx.checkpoint("x".repeat(64 * 1024)));
    if (ctx.attempt === 2) return [ctx.lastCheckpoint, wrong instanceof RangeError && wrong.message];
    ctx.checkpoint({ page: 1 });
    ctx.checkpoint({ page: 2 });
    return ctx.retry({ delayMs: 1 });
  }),
  implement(defineTask<[], unknown>({ name: "throw" }), () => {
    throw new OutOfPaper("tray 2 is empty");
  }),
  implement(defineTask<[], unknown>({ name: "throw-text" }), () => Promise.reject("a text")),
  implement(defineTask<[], unknown>({ name: "throw-for-good" }), () => {
    throw new NonRetryable("never");
  }),
  implement(defineTask<[], unknown>({ name: "reject" }), () => {
    throw new RejectError("not mine");
  }),
  implement(defineTask<[], unknown>({ name: "retry" }), (ctx) =>
    ctx.attempt < 3 ? ctx.retry({ delayMs: 1, message: "not yet" }) : ctx.attempt,
  ),
  implement(defineTask<[], unknown>({ name: "too-large" }), () => "x".repeat(2 * 1024 * 1024 + 1)),
  implement(defineTask<[], unknown>({ name: "unwritable" }), () => 1n),
  ...canvasTasks,
  ...canvasParts,
];
