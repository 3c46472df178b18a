import { Code } from "@connectrpc/connect";
import { SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { expect, test } from "vitest";
import { runServerCommand } from "../support/server-process.ts";
import { failure } from "../support/wire-transports.ts";
import { freshStorePath, type StoreServer, startStoreServer, storeFlags } from "./store-server.ts";

/** Servers are started one after the other, each a process of its own. */
const severalStarts = { timeout: 60_000 };

/** In every thread of the server: SQLite does what `PRAGMA synchronous = full` asks for only so many times, and says nothing. */
const syncsFullyOnly = (times: number): readonly string[] => [
  "--import",
  `data:text/javascript,${encodeURIComponent(`
    import { DatabaseSync } from "node:sqlite";
    const exec = DatabaseSync.prototype.exec;
    let left = ${times};
    DatabaseSync.prototype.exec = function (sql) {
      const isFull = /synchronous = full/.test(sql);
      if (isFull) left -= 1;
      return exec.call(this, isFull && left < 0 ? "PRAGMA synchronous = normal" : sql);
    };
  `)}`,
];

/** The level is lost with the first lease, whose commit alone may do without a sync: what comes after cannot be kept. */
async function startLosingLevel(file: string) {
  const server = await startStoreServer(file, { nodeArgs: syncsFullyOnly(1) });
  await server.enqueue("before");
  return { server, leaseToken: await server.lease() };
}

/** The caller is told STORE_UNAVAILABLE, or the connection ends first with the process: unknown, either way. */
async function expectBroken(server: StoreServer, call: Promise<unknown>): Promise<void> {
  await failure(call);
  expect(await server.exited).toEqual({ code: 3, signal: null });
  expect(server.lines.join("\n")).toContain("the level of syncing is 1 where full is needed");
}

test("a server does not start where the level of syncing cannot be had", async () => {
  const flags = ["--port", "0", ...storeFlags(await freshStorePath())];
  const { code, said } = await runServerCommand(flags, { nodeArgs: syncsFullyOnly(0) });
  expect(code).toBe(3);
  expect(said).toContain("cannot be opened: the level of syncing is 1 where full is needed");
});

test("a task is not accepted once the level of syncing was lost", severalStarts, async () => {
  const file = await freshStorePath();
  const { server } = await startLosingLevel(file);
  await expectBroken(server, server.enqueue("after"));

  const { tasks } = await startStoreServer(file);
  await tasks.getTask({ taskId: "before" });
  expect((await failure(tasks.getTask({ taskId: "after" }))).code).toBe(Code.NotFound);
});

test(
  "a settlement is not accepted once the level of syncing was lost, and the lease lives on",
  severalStarts,
  async () => {
    const file = await freshStorePath();
    const { server, leaseToken } = await startLosingLevel(file);
    await expectBroken(server, server.settle(leaseToken));

    const restarted = await startStoreServer(file);
    expect(await restarted.settle(leaseToken)).toBe(SettleOutcome.ACCEPTED);
  },
);
