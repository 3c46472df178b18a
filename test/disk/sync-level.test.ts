import { writeFile } from "node:fs/promises";
import { Code } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { expect, test } from "vitest";
import { runServerCommand } from "../support/server-process.ts";
import { failure } from "../support/wire-transports.ts";
import { freshStorePath, type StoreServer, startStoreServer, storeFlags } from "./store-server.ts";

/** Servers are started one after the other, each a process of its own. */
const severalStarts = { timeout: 60_000 };

/** In every thread of the server: once this file is there, SQLite syncs no commit fully, whatever it is asked for, and says nothing. */
const losesLevelAt = (signal: string): readonly string[] => [
  "--import",
  `data:text/javascript,${encodeURIComponent(`
    import { existsSync } from "node:fs";
    import { DatabaseSync } from "node:sqlite";
    const { exec, prepare } = DatabaseSync.prototype;
    const isLost = () => existsSync(${JSON.stringify(signal)});
    DatabaseSync.prototype.exec = function (sql) {
      return exec.call(this, /synchronous = full/.test(sql) && isLost() ? "PRAGMA synchronous = normal" : sql);
    };
    DatabaseSync.prototype.prepare = function (sql) {
      if (sql === "PRAGMA synchronous" && isLost()) exec.call(this, "PRAGMA synchronous = normal");
      return prepare.call(this, sql);
    };
  `)}`,
];

/** A server with a task that is leased, whose level is lost from here on. */
async function startLosingLevel(file: string) {
  const signal = `${file}.level-lost`;
  const server = await startStoreServer(file, { nodeArgs: losesLevelAt(signal) });
  await server.enqueue("before");
  const leaseToken = await server.lease();
  await writeFile(signal, "");
  return { server, leaseToken };
}

/** The caller is told STORE_UNAVAILABLE, before the process ends. */
async function expectBroken(server: StoreServer, call: Promise<unknown>): Promise<void> {
  const error = await failure(call);
  expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("STORE_UNAVAILABLE");
  expect(await server.exited).toEqual({ code: 3, signal: null });
  expect(server.lines.join("\n")).toContain("the level of syncing is 1 where full is needed");
}

test("a server does not start where the level of syncing cannot be had", async () => {
  const file = await freshStorePath();
  const signal = `${file}.level-lost`;
  await writeFile(signal, "");
  const flags = ["--port", "0", ...storeFlags(file)];
  const { code, said } = await runServerCommand(flags, { nodeArgs: losesLevelAt(signal) });
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
