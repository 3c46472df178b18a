// A worker as users write it, for canvases of chords in chords.

import { createWorker, implement } from "@stem/worker";
import { body, doLeaf, leaf } from "./canvas-work.ts";
import { type ProcessSettings, settingsOfProcess } from "./settings.ts";

/** How much it does. */
export type CanvasWorkerSettings = ProcessSettings & { readonly concurrency: number };

const { url, proc, concurrency } = settingsOfProcess<CanvasWorkerSettings>();

const worker = createWorker({
  ...{ url, name: proc, concurrency },
  tasks: [
    implement(leaf, (context, args) => doLeaf(args, context.attempt)),
    implement(body, (_context, list) => list),
  ],
});

process.stdout.write("ready\n");
await worker.run();
