import { createServer, type Server } from "@stem/server";
import { onTestFinished } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { createRecordingLog } from "./recording-log.ts";

/** One of several servers of one store, which can be stopped and started again on its port. */
export type SharingServer = {
  readonly url: string;
  /** How many batches of tasks it has stored. */
  accepted(): number;
  /** How often it has looked for tasks, which it does for workers only. */
  looked(): number;
  /** How many leases it has granted. */
  granted(): number;
  /** How often it has extended leases. */
  extended(): number;
  /** Stops at once. */
  close(): Promise<void>;
  /** Stops gently. */
  drain(): Promise<void>;
  start(): Promise<void>;
};

/** Starts servers that share one store in memory, in this process. All are closed when the test is over. */
export async function shareStore(count: number, { leaseMs = 20_000 } = {}): Promise<SharingServer[]> {
  const store = createMemoryStore({ limits });
  const servers: SharingServer[] = [];
  for (let no = 0; no < count; no += 1) servers.push(await startSharing(store, leaseMs));
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await store.close();
  });
  return servers;
}

async function startSharing(store: Store, leaseMs: number): Promise<SharingServer> {
  let [accepted, looked, granted, extended] = [0, 0, 0, 0];
  const own: Store = {
    ...store,
    async accept(batch) {
      accepted += 1;
      return store.accept(batch);
    },
    async claim(want) {
      looked += 1;
      const claimed = await store.claim(want);
      granted += claimed.length;
      return claimed;
    },
    async extend(request) {
      const checks = await store.extend(request);
      extended += checks.filter(({ held }) => held).length;
      return checks;
    },
    // A server closes its store; this one is not its alone.
    close: async () => undefined,
  };
  const startAt = async (port: number): Promise<Server> => {
    const server = createServer({
      ...{ store: own, listen: { port }, log: createRecordingLog() },
      defaults: { leaseMs, heartbeatMs: leaseMs / 4 },
      // Longer than a test may take: whoever waits for all of it waited for nothing.
      server: { drainMs: 60_000 },
    });
    await server.start();
    return server;
  };
  let server = await startAt(0);
  const { url, address } = server;
  if (url === undefined || address === undefined) throw new Error("the server does not listen");
  return {
    url,
    accepted: () => accepted,
    looked: () => looked,
    granted: () => granted,
    extended: () => extended,
    close: () => server.close(),
    drain: () => server.drain(),
    async start() {
      server = await startAt(address.port);
    },
  };
}
