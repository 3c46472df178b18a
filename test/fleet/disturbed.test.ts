import { expect, onTestFinished } from "vitest";
import type { ProducerSettings } from "../chaos/processes/producer.ts";
import type { StreamWorkerSettings } from "../chaos/processes/stream-worker.ts";
import type { UnaryWorkerSettings } from "../chaos/processes/unary-worker.ts";
import type { ChaosProcess } from "../chaos/support/chaos-process.ts";
import { type ChaosRun, type ChaosServer, startChaosRun } from "../chaos/support/chaos-run.ts";
import { pass } from "../chaos/support/pass.ts";
import { shortLeases } from "../chaos/support/server-flags.ts";
import { type Database, onEachDatabase } from "./databases.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const rounds = isSoak ? 30 : 2;

/** Two servers on a database while things happen to them. */
type Fleet = {
  readonly run: ChaosRun;
  readonly database: Database;
  readonly servers: Map<string, ChaosServer>;
  start(place: string): Promise<string>;
};

/** Sends tasks by two producers and runs them by three workers, all of which know both servers, while it is done; then judges. */
async function disturb(
  database: Database,
  disturbance: (fleet: Fleet) => Promise<void>,
  options: { readonly excused?: RegExp } = {},
) {
  const run = startChaosRun(import.meta.filename, { storeUrl: database.url });
  onTestFinished(() => run[Symbol.asyncDispose]());
  const servers = new Map<string, ChaosServer>();
  const start = async (place: string) => {
    const server = await run.startServer(shortLeases, place);
    servers.set(place, server);
    return server.url;
  };
  const both = await Promise.all([start("a"), start("b")]);
  const url = both.join(",");
  const load = { url, lanes: 4, pauseMs: 150, workMs: 60, giveUpShare: 0.1 };
  const unary = { url: both[1], lanes: 2, overdueShare: 0.1, overdueFactor: 2 };
  const workers = await Promise.all([
    run.start<StreamWorkerSettings>("stream-worker", { url, proc: "worker-1", concurrency: 8 }),
    run.start<StreamWorkerSettings>("stream-worker", { url, proc: "worker-2", concurrency: 8 }),
    run.start<UnaryWorkerSettings>("unary-worker", { ...unary, proc: "unary-1" }),
  ]);
  const producers = await Promise.all([
    run.start<ProducerSettings>("producer", { ...load, proc: "producer-1" }),
    run.start<ProducerSettings>("producer", { ...load, proc: "producer-2" }),
  ]);
  // Until all of it works.
  await run.line(({ op, phase }) => op === "run" && phase === "ok", "a task that was run", 60_000);
  await disturbance({ run, database, servers, start });
  await pass(1000);
  const ended = async (processes: readonly ChaosProcess[]) => {
    for (const each of processes) each.term();
    await Promise.all(processes.map(({ exited }) => exited));
  };
  await ended(producers);
  await run.drained(servers.get("a") as ChaosServer, 60_000);
  await ended(workers);
  await ended([...servers.values()]);
  const coverage = await run.judge(options);
  expect(coverage.succeeded).toBeGreaterThan(100);
  return coverage;
}

const timeoutMs = isSoak ? 600_000 : 150_000;

onEachDatabase((test) => {
  test(
    "two servers are restarted in turn under load: nothing is lost, and nothing ends twice",
    timeoutMs,
    async (database) => {
      const coverage = await disturb(database, async ({ run, servers, start }) => {
        for (let round = 0; round < rounds; round += 1) {
          for (const place of ["a", "b"]) {
            await pass(run.random.between(300, 1200));
            const server = servers.get(place);
            server?.term();
            expect(await server?.exited).toMatchObject({ code: 0 });
            await pass(run.random.between(0, 500));
            await start(place);
          }
        }
      });
      expect(coverage.serverKills).toBe(0);
    },
  );

  test(
    "two servers are killed in turn under load: nothing is lost, and nothing ends twice",
    timeoutMs,
    async (database) => {
      const coverage = await disturb(database, async ({ run, servers, start }) => {
        for (let round = 0; round < rounds; round += 1) {
          for (const place of ["a", "b"]) {
            await pass(run.random.between(300, 1200));
            await servers.get(place)?.kill();
            await pass(run.random.between(0, 1500));
            await start(place);
          }
        }
      });
      // Few kills may all fall between calls; of many, some do not.
      if (isSoak) expect(coverage.killsInFlight).toBeGreaterThan(0);
      expect(coverage.serverKills).toBe(2 * rounds);
    },
  );

  test(
    "the database is killed under the load of two servers: nothing that was answered is lost, and nothing ends twice",
    timeoutMs,
    async (database) => {
      const killing = async ({ run }: Fleet) => {
        for (let round = 0; round < rounds; round += 1) {
          await pass(run.random.between(1000, 2000));
          run.journal.write({ op: "kill", phase: "ok", target: database.name });
          await database.away(() => pass(run.random.between(0, 1000)));
        }
        await pass(3000);
      };
      await disturb(database, killing, { excused: /STORE_UNAVAILABLE/ });
    },
  );
});
