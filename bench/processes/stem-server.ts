// A Stem server in a process of its own; `store` "noop" is the raw-stream ceiling: everything but the keeping.

import { createConfig, startServer } from "@stem/server";
import { settings, tell } from "../support/child.ts";
import { createNoopStore } from "../support/noop-store.ts";

const { store, tasks = 0 } = settings<{ store: string; tasks?: number }>();

const isNoop = store === "noop";
const server = await startServer(
  createConfig({
    listen: { port: 0 },
    store: { url: isNoop ? "memory:" : store },
    // As many as the benchmark of schedules makes; nothing else depends on it.
    limits: { schedulesPerNamespaceMax: 1_000_000 },
    log: { level: "warn", format: "json" },
  }),
  isNoop ? { store: createNoopStore(tasks) } : {},
);
tell({ url: server.url });
process.once("SIGTERM", async () => {
  await server.close();
  process.exit(0);
});
