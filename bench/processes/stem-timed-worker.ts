// One Stem worker process that measures how long tasks waited from their enqueue to their start. No-ops beside them take `noopMs`.

import { setTimeout as sleep } from "node:timers/promises";
import { createWorker, implement } from "@stem/worker";
import { settings, tell } from "../support/child.ts";
import { type PickUps, pickUpTimes } from "../support/pick-up-times.ts";
import { noop, timed } from "../support/tasks.ts";

const { url, noopMs = 0, ...measured } = settings<{ url: string; noopMs?: number } & PickUps>();
const times = pickUpTimes(measured);
const worker = createWorker({
  url,
  concurrency: 100,
  // A task that is held ready behind others waits for them: here the server's part is measured.
  ...(noopMs > 0 && { prefetchMax: 0 }),
  tasks: [
    implement(timed, (_, enqueuedAtMs) => times.started(enqueuedAtMs)),
    implement(noop, () => sleep(noopMs)),
  ],
});
await worker.start();
tell({ ready: true });
process.once("SIGTERM", async () => {
  await worker.stop();
  process.exit(0);
});
