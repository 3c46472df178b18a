// One Stem worker process on no-ops. Tells the seconds between the first start and the last return, once `count` are done.

import { createWorker, implement } from "@stem/worker";
import { settings, tell } from "../support/child.ts";
import { noop } from "../support/tasks.ts";

const { url, count, concurrency } = settings<{ url: string; count: number; concurrency: number }>();

let handled = 0;
let startedAt = 0;
const worker = createWorker({
  handleSignals: false,
  url,
  concurrency,
  tasks: [
    implement(noop, () => {
      if (handled++ === 0) startedAt = performance.now();
      if (handled === count) tell({ seconds: (performance.now() - startedAt) / 1000, handled });
    }),
  ],
});
await worker.start();
process.once("SIGTERM", async () => {
  await worker.stop();
  process.exit(0);
});
