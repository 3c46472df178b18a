import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { growthBytesMax, growthOver, manyMembers, smallHeap } from "../../support/many-members.ts";
import { type NodeProcessOptions, startServerProcess } from "../../support/server-process.ts";

const timeout = process.env["STEM_SOAK"] ? 1_200_000 : 120_000;
/** What a member may take where it is kept in the server, with its result and its place among the events. */
const memberBytesMax = 4096;

async function growthOn(storeUrl: string, options: NodeProcessOptions = {}): Promise<number> {
  const server = await startServerProcess(["--store", storeUrl], options);
  onTestFinished(async () => void (await server.end()));
  return growthOver(server);
}

test("a group is filled page by page, run and read, and the server holds no more of it than a page", {
  timeout,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stem-many-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await growthOn(`sqlite:${path.join(folder, "stem.db")}`, smallHeap)).toBeLessThan(growthBytesMax);
});

test("where the server's memory is the store, a member costs a bounded part of it", { timeout }, async () => {
  expect(await growthOn("memory:")).toBeLessThan(growthBytesMax + 2 * manyMembers * memberBytesMax);
});
