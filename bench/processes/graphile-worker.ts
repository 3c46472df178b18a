// One graphile-worker process on no-ops, in batches as its page on performance sets them. Tells the seconds between the first start and the
// last return.

import { run } from "graphile-worker";
import { settings, tell } from "../support/child.ts";
import { quiet } from "../support/graphile.ts";

const { url, count, concurrency } = settings<{ url: string; count: number; concurrency: number }>();

let handled = 0;
let startedAt = 0;
const runner = await run({
  preset: {
    worker: {
      connectionString: url,
      concurrentJobs: concurrency,
      maxPoolSize: concurrency + 2,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      logger: quiet,
    },
  },
  noHandleSignals: true,
  parsedCronItems: [],
  taskList: {
    noop: () => {
      if (handled++ === 0) startedAt = performance.now();
      if (handled === count) tell({ seconds: (performance.now() - startedAt) / 1000, handled });
    },
  },
});
process.once("SIGTERM", async () => {
  await runner.stop();
  process.exit(0);
});
