// One BullMQ worker process on no-ops. Tells the seconds between the first start and the last completion.

import { Worker } from "bullmq";
import { peerQueue } from "../support/bullmq.ts";
import { settings, tell } from "../support/child.ts";

const { port, count, concurrency } = settings<{ port: number; count: number; concurrency: number }>();

let handled = 0;
let startedAt = 0;
const worker = new Worker(
  peerQueue,
  async () => {
    if (handled++ === 0) startedAt = performance.now();
  },
  { connection: { host: "127.0.0.1", port }, concurrency, autorun: false },
);
let completed = 0;
worker.on("completed", () => {
  completed += 1;
  if (completed === count) tell({ seconds: (performance.now() - startedAt) / 1000, handled });
});
process.once("SIGTERM", () => worker.close().then(() => process.exit(0)));
void worker.run();
