// One BullMQ worker process that measures how long tasks waited from their enqueue to their start.

import { Worker } from "bullmq";
import { peerQueue } from "../support/bullmq.ts";
import { settings, tell } from "../support/child.ts";
import { pickUpTimes } from "../support/pick-up-times.ts";

const { port, count } = settings<{ port: number; count: number }>();
const times = pickUpTimes(count);
const connection = { host: "127.0.0.1", port };
const worker = new Worker(peerQueue, async ({ data }) => times.started(data), {
  connection,
  concurrency: 100,
});
await worker.waitUntilReady();
tell({ ready: true });
process.once("SIGTERM", () => worker.close().then(() => process.exit(0)));
