import { stat } from "node:fs/promises";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { expect, test } from "vitest";
import { until } from "../support/until.ts";
import { failure } from "../support/wire-transports.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { type StoreServer, startStoreServer } from "./store-server.ts";

const megabytes = 96;
const ballastBytes = 32 * 1024 * 1024;
const argsOf = (bytes: number) => ({
  data: { case: "json" as const, value: JSON.stringify("x".repeat(bytes)) },
});

const ballastBytesOf = async (file: string): Promise<number> => (await stat(`${file}.ballast`)).size;

/** Enqueues tasks of so many bytes, and counts, until a call is refused. */
async function produce({ tasks }: StoreServer, counts: { accepted: number }, bytes: number): Promise<never> {
  for (;;) {
    await tasks.enqueueTask({ name: "a", args: argsOf(bytes) });
    counts.accepted += 1;
  }
}

/** Leases and settles one batch; what is not accepted fails the test. */
async function workOff({ workers }: StoreServer, maxTasks: number): Promise<number> {
  const { grants } = await workers.leaseTasks({ queues: ["default"], maxTasks });
  if (grants.length === 0) return 0;
  const outcome = { case: "succeeded" as const, value: { result: argsOf(100) } };
  const settlements = grants.map(({ leaseToken }) => ({ leaseToken, outcome }));
  const { results } = await workers.settleTasks({ settlements });
  expect(results.map(({ verdict }) => verdict?.outcome)).toEqual(grants.map(() => SettleOutcome.ACCEPTED));
  return grants.length;
}

test("a disk that fills up under load refuses enqueues and no settlement, and takes enqueues again once it is freed", {
  timeout: 90_000,
}, async (context) => {
  const disk = await mountSmallDisk(context, megabytes);
  const file = path.join(disk.folder, "stem.db");
  const server = await startStoreServer(file);
  expect(await ballastBytesOf(file)).toBe(ballastBytes);

  const counts = { accepted: 0, settled: 0 };
  const refusals = Array.from({ length: 4 }, () => failure(produce(server, counts, 1000)));
  const isBusy = () => counts.accepted > 400;
  await until(isBusy, { what: "a backlog", deadlineMs: 50_000 });
  counts.settled += await workOff(server, 10);
  await disk.fill();

  for (const error of await Promise.all(refusals)) {
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("STORE_FULL");
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  }
  for (let done = 1; done > 0; counts.settled += done) done = await workOff(server, 10);
  expect(counts.settled).toBe(counts.accepted);
  expect(await ballastBytesOf(file)).toBe(0);
  expect((await failure(server.enqueue("too-early"))).code).toBe(Code.ResourceExhausted);

  await disk.empty();
  await until(() => server.enqueue("later").catch(() => undefined), { what: "room", deadlineMs: 50_000 });
  expect(await ballastBytesOf(file)).toBe(ballastBytes);
  expect(await workOff(server, 10)).toBe(1);
});

test("a store that has filled its disk itself works off what it holds in the room of its log", {
  timeout: 90_000,
}, async (context) => {
  const disk = await mountSmallDisk(context, megabytes);
  const file = path.join(disk.folder, "stem.db");
  const server = await startStoreServer(file);
  const logBytes = async (): Promise<number> => (await stat(`${file}-wal`)).size;

  const counts = { accepted: 0 };
  await Promise.all(Array.from({ length: 4 }, () => failure(produce(server, counts, 20_000))));
  // On a slow machine the store may have stopped accepting before the disk was full to its last page.
  if ((await ballastBytesOf(file)) > 0) await disk.fill();
  const before = await logBytes();
  let settled = 0;
  for (let done = 1; done > 0; settled += done) done = await workOff(server, 10);
  expect(settled).toBe(counts.accepted);
  // The log was copied into the data file and begun again: its own length was the room. Else each commit lengthens it by some pages.
  expect((await logBytes()) - before).toBeLessThan(3 * 1024 * 1024);
});
