import { spreadArgs } from "@stem/sdk/internal";
import { implementBatch } from "@stem/worker";
import { contextTasks } from "./context-tasks.ts";

/** The same handlers, each called for many tasks at once: what a context can do, it can do for each task of a batch. */
export const batchedContextTasks = contextTasks.map(({ task, handler }) =>
  implementBatch(task, { sizeMax: 2, waitMs: 1 }, async (items) => {
    const ends = items.map(async ({ ctx, args, succeed, fail }) => {
      try {
        succeed(await handler(ctx, ...spreadArgs(args)));
      } catch (error) {
        fail(error);
      }
    });
    await Promise.all(ends);
  }),
);
