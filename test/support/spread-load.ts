import { connect, defineTask, type StemClient } from "@stem/sdk";
import { createWorker, implement, type Worker } from "@stem/worker";
import { expect, onTestFinished } from "vitest";
import { createRecordingLog } from "./recording-log.ts";
import type { SharingServer } from "./shared-store.ts";
import { until } from "./until.ts";

const work = defineTask<[name: string], string>({ name: "work" });
const failover = { returnWithinMs: 500 };

/** A server that can be spread over. */
type Place = Pick<SharingServer, "url" | "accepted" | "looked">;

/** Clients and workers of several servers, made until each server is the home of one of each. */
export async function spread(servers: readonly Place[]) {
  const url = servers.map((server) => server.url).join(",");
  const runs = new Map<string, number>();
  const clients: StemClient[] = [];
  const workers: Worker[] = [];
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(clients.map((client) => client.close()));
  });
  const log = createRecordingLog();
  const ran = implement(work, (_ctx, name) => {
    runs.set(name, (runs.get(name) ?? 0) + 1);
    return `done ${name}`;
  });
  while (servers.some(({ accepted }) => accepted() === 0)) {
    const client = connect({ url, failover, log });
    clients.push(client);
    await client.enqueue(work, ["early"]);
  }
  while (servers.some(({ looked }) => looked() === 0)) {
    const worker = createWorker({ url, failover, log, graceMs: 0, tasks: [ran], concurrency: 4 });
    workers.push(worker);
    await worker.start();
  }
  return { runs, clients };
}

const underWayMax = 10;

/** Enqueues through all clients, task after task, until it is told to stop; answers the results that were waited for. */
export function load(clients: readonly StemClient[]) {
  let isOver = false;
  let enqueued = 0;
  const producers = clients.map(async (client, no) => {
    const results: Promise<string>[] = [];
    for (let n = 0; !isOver; n += 1) {
      const handle = await client.enqueue(work, [`${no}-${n}`]);
      enqueued += 1;
      results.push(handle.result({ timeoutMs: 30_000 }));
      // No more than can be run.
      await results.at(-underWayMax);
    }
    return Promise.all(results);
  });
  return {
    async more(count: number) {
      const goal = enqueued + count;
      await until(() => enqueued >= goal, { deadlineMs: 50_000, what: `${count} more tasks`, everyMs: 5 });
    },
    async end() {
      isOver = true;
      const results = (await Promise.all(producers)).flat();
      expect(results).toHaveLength(enqueued);
      return results;
    },
  };
}

/** That each task ran, and none oftener. */
export function expectOnce(runs: ReadonlyMap<string, number>, results: readonly string[]) {
  const names = results.map((result) => result.replace("done ", ""));
  expect(new Set(names).size).toBe(results.length);
  expect(names.filter((name) => runs.get(name) !== 1)).toEqual([]);
}
