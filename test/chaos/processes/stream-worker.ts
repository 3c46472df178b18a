// A worker as users write it, whose handlers write down what they do and when they were told to stop.

import { createWorker, implement } from "@stem/worker";
import { type Fence, hashOf } from "../history.ts";
import { openJournal } from "../support/journal.ts";
import { type ProcessSettings, settingsOfProcess } from "./settings.ts";
import { doWork, work } from "./work.ts";

/** How much it does. */
export type StreamWorkerSettings = ProcessSettings & { readonly concurrency: number };

const { url, folder, proc, concurrency } = settingsOfProcess<StreamWorkerSettings>();
const journal = openJournal(folder, proc);

const worker = createWorker({
  url,
  name: proc,
  concurrency,
  tasks: [
    implement(work, async (context, args) => {
      const fence: Fence = [Number(context.fence.epoch), Number(context.fence.seq)];
      const line = { task: context.id, fence } as const;
      journal.writeEffect({ ...line, op: "run", phase: "invoke" });
      context.signal.addEventListener("abort", () => journal.write({ ...line, op: "abort", phase: "ok" }));
      const attempt = { proc, fence, attempt: context.attempt, signal: context.signal };
      try {
        const value = await doWork(args, attempt);
        journal.write({ ...line, op: "run", phase: "ok", valueHash: hashOf(value) });
        return value;
      } catch (error) {
        journal.write({ ...line, op: "run", phase: "fail" });
        throw error;
      }
    }),
  ],
});

process.stdout.write("ready\n");
await worker.run();
