// One BullMQ worker process that measures how long tasks waited from their enqueue to their start.

import { Worker } from "bullmq";
import { peerQueue } from "../support/bullmq.ts";
import { settings, tell } from "../support/child.ts";
import { type PickUps, pickUpTimes } from "../support/pick-up-times.ts";

const { port, ...measured } = settings<{ port: number } & PickUps>();
const times = pickUpTimes(measured);
const connection = { host: "127.0.0.1", port };
const worker = new Worker(peerQueue, async ({ data }) => times.started(data), {
  connection,
  concurrency: 100,
});
await worker.waitUntilReady();
tell({ ready: true });
process.once("SIGTERM", () => worker.close().then(() => process.exit(0)));
