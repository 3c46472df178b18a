import { createMemoryStore } from "../../../server/src/storage/memory/memory.ts";
import { exercise } from "../exercise.ts";

const forgets = "nothing of a memory store outlives its closing";

exercise(
  "memory",
  async ({ limits }) => ({
    open: async () => createMemoryStore({ limits }),
    remove: async () => undefined,
  }),
  {
    model: { runs: 300, canReopen: false },
    skips: [
      "tasks, results, queues, events and values are there after a restart",
      "a bound on what is kept goes on over a restart",
      "a lease is honoured over a restart: it begins anew, and its holder may settle it",
      "a lease that was extended far ahead is not cut short by a restart",
      "fences rise over a restart, and deliveries are still counted",
      "the order of acceptance goes on over a restart",
      "events go on over a restart, and a reader resumes where it was",
      "ids of removed tasks are remembered over a restart",
      "a claim outlives a restart with its holder",
      "a lock outlives a restart with its owner, end and fence, and later fences are higher",
      "canvases go on over a restart",
      "retried canvases go on over a restart",
      "schedules go on over a restart",
      "links, and what was handed on, are there after a restart",
      "limits, rates, orders, turns and labels go on over a restart",
      "what was said of a queue is there after a restart, and a deletion goes on",
      "what was said of namespaces is there after a restart, quotas as they were used",
      "output goes on over a restart, and repeats are still known",
      "events of queues go on over a restart",
    ].map((test) => ({ test, reason: forgets })),
  },
);
