import { connect, defineTask, type StemClient } from "@stem/sdk";
import { createWorker, implement, type Worker } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";
import { type SharingServer, shareStore } from "../../support/shared-store.ts";
import { until } from "../../support/until.ts";

const work = defineTask<[name: string], string>({ name: "work" });
const failover = { returnWithinMs: 500 };

/** Clients and workers of several servers, made until each server is the home of one of each. */
async function spread(servers: readonly SharingServer[]) {
  const url = servers.map((server) => server.url).join(",");
  const runs = new Map<string, number>();
  const clients: StemClient[] = [];
  const workers: Worker[] = [];
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(clients.map((client) => client.close()));
  });
  const log = createRecordingLog();
  const client = (): StemClient => {
    const made = connect({ url, failover, log });
    clients.push(made);
    return made;
  };
  const ran = implement(work, (_ctx, name) => {
    runs.set(name, (runs.get(name) ?? 0) + 1);
    return `done ${name}`;
  });
  while (servers.some(({ accepted }) => accepted() === 0)) await client().enqueue(work, ["early"]);
  while (servers.some(({ looked }) => looked() === 0)) {
    const worker = createWorker({ url, failover, log, graceMs: 0, tasks: [ran], concurrency: 4 });
    workers.push(worker);
    await worker.start();
  }
  return { url, runs, clients, workers, log, client };
}

/** Enqueues through all clients, task after task, until it is told to stop; answers the results that were waited for. */
function load(clients: readonly StemClient[]) {
  let isOver = false;
  let enqueued = 0;
  const producers = clients.map(async (client, no) => {
    const results: Promise<string>[] = [];
    for (let n = 0; !isOver; n += 1) {
      const handle = await client.enqueue(work, [`${no}-${n}`]);
      enqueued += 1;
      results.push(handle.result({ timeoutMs: 15_000 }));
    }
    return Promise.all(results);
  });
  return {
    async more(count: number) {
      const goal = enqueued + count;
      await until(() => enqueued >= goal, { deadlineMs: 10_000, what: `${count} more tasks`, everyMs: 5 });
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
function expectOnce(runs: ReadonlyMap<string, number>, results: readonly string[]) {
  const names = results.map((result) => result.replace("done ", ""));
  expect(new Set(names).size).toBe(results.length);
  expect(names.filter((name) => runs.get(name) !== 1)).toEqual([]);
}

test("a server that is stopped under load is left for the other, and used again when it is back", async () => {
  const servers = await shareStore(2, { leaseMs: 2000 });
  const [a, b] = servers as [SharingServer, SharingServer];
  const { runs, clients } = await spread(servers);
  const { more, end } = load(clients);
  await more(100);
  await a.close();
  const atB = b.accepted();
  await more(200);
  expect(b.accepted()).toBeGreaterThan(atB);
  const [accepted, granted] = [a.accepted(), a.granted()];
  await a.start();
  const used = () => a.accepted() > accepted && a.granted() > granted;
  await until(used, { deadlineMs: 10_000, what: "tasks stored and granted by the server that is back" });
  expectOnce(runs, await end());
});

test("servers are restarted one after the other under load: nothing is lost, and nothing runs twice", async () => {
  const servers = await shareStore(2, { leaseMs: 2000 });
  const { runs, clients } = await spread(servers);
  const { more, end } = load(clients);
  await more(100);
  for (const server of servers) {
    await server.drain();
    await more(100);
    const [accepted, granted] = [server.accepted(), server.granted()];
    await server.start();
    const used = () => server.accepted() > accepted && server.granted() > granted;
    await until(used, { deadlineMs: 10_000, what: "tasks stored and granted by the server that is back" });
    await more(100);
  }
  expectOnce(runs, await end());
});
