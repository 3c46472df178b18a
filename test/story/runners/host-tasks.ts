import { threadId } from "node:worker_threads";
import { defineTask } from "@stem/sdk";
import { implement, type TaskContext } from "@stem/worker";

/** Handlers that misbehave, for threads and child processes. */

const kept: Uint8Array[] = [];

/** Which process and thread this is. */
const here = (): string => `${process.pid}/${threadId}`;

export const where = implement(defineTask<[], string>({ name: "where" }), here);
export const keep = implement(defineTask<[bytes: number], string>({ name: "keep" }), (_, bytes) => {
  kept.push(new Uint8Array(bytes).fill(1));
  return here();
});

/** Says where it runs, and then blocks its event loop for ever. */
export const spin = implement(defineTask<[], void>({ name: "spin" }), async (ctx: TaskContext) => {
  ctx.progress({ message: here() });
  await new Promise((resolve) => setImmediate(resolve));
  for (;;);
});
export const ignore = implement(defineTask<[], void>({ name: "ignore" }), (ctx: TaskContext) => {
  ctx.progress({ message: here() });
  return new Promise(() => void setInterval(() => undefined, 1000));
});
export const leave = implement(defineTask<[], void>({ name: "leave" }), () => process.exit(3));
export const burst = implement(defineTask<[], void>({ name: "burst" }), () => {
  setImmediate(() => {
    throw new RangeError("out of nowhere");
  });
  return new Promise(() => undefined);
});
/** Takes as long to be told of a limit as it likes. */
export const polite = implement(defineTask<[], string>({ name: "polite" }), async ({ signal }) => {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return String(signal.reason.name);
});

export const hostTasks = [where, keep, spin, ignore, leave, burst, polite];
