// One Stem worker process that measures how long tasks waited from their enqueue to their start.

import { createWorker, implement } from "@stem/worker";
import { settings, tell } from "../support/child.ts";
import { type PickUps, pickUpTimes } from "../support/pick-up-times.ts";
import { timed } from "../support/tasks.ts";

const { url, ...measured } = settings<{ url: string } & PickUps>();
const times = pickUpTimes(measured);
const worker = createWorker({
  url,
  concurrency: 100,
  tasks: [implement(timed, (_, enqueuedAtMs) => times.started(enqueuedAtMs))],
});
await worker.start();
tell({ ready: true });
process.once("SIGTERM", async () => {
  await worker.stop();
  process.exit(0);
});
