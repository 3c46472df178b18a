import { defineTask } from "@stem/sdk";
import { implement, RejectError } from "@stem/worker";

/** Handlers that end in every way there is. */
export const double = defineTask<[n: number], number>({ name: "double" });
export const eventTasks = [
  implement(double, (_, n) => n * 2),
  implement(defineTask<[], void>({ name: "fail" }), () => {
    throw new RangeError("far");
  }),
  implement(defineTask<[], void>({ name: "again" }), (ctx) => {
    if (ctx.attempt === 1) ctx.retry({ delayMs: 5 });
  }),
  implement(defineTask<[], void>({ name: "reject" }), () => {
    throw new RejectError("not mine");
  }),
  implement(defineTask<[], void>({ name: "report" }), async (ctx) => {
    ctx.progress({ percent: 5, message: "begun" });
    await ctx.heartbeat();
  }),
  implement(defineTask<[], void>({ name: "finish" }), async ({ softSignal }) => {
    await new Promise((resolve) => softSignal.addEventListener("abort", resolve, { once: true }));
  }),
  implement(defineTask<[], void>({ name: "wait" }), async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    throw signal.reason;
  }),
];
