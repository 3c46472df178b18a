/** A group of very many members, and what a server of its own process holds in memory meanwhile. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Canvas, CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { expect } from "vitest";
import { chord, type Node, task, times } from "./canvas-nodes.ts";
import { createCanvasRunner } from "./canvas-runner.ts";
import type { TestProcess } from "./server-process.ts";

/** How many members a test of this kind has, by whether it may take its time. */
export const manyMembers = process.env["STEM_SOAK"] ? 100_000 : 3000;
/** A server with no more of a heap than this for each of its threads cannot hold all of them. */
export const smallHeap = { nodeArgs: ["--max-old-space-size=128"] };
/** By how much one of those may grow from the first page on. */
export const growthBytesMax = 150 * 1024 * 1024;

const pages = 10;
const pageSize = manyMembers / pages;
/** What a member returns: of all of them that is more than is handed by value. */
const left = "x".repeat(400);
const run = promisify(execFile);

/**
 * Fills a chord's header page by page, runs all of it, reads it, and cancels another one; answers by how many bytes the server grew from
 * the first page on.
 */
export async function growthOver(server: TestProcess & { readonly url: string }): Promise<number> {
  // Cancelling all of them takes longer than a call may that says nothing.
  const transport = createGrpcTransport({ baseUrl: server.url, defaultTimeoutMs: 600_000 });
  const memory = createMemoryLook(server.child.pid);
  const first = await fill(transport, memory);
  await runAll(transport, memory);
  await readAll(transport, memory, first);
  const second = await fill(transport, memory);
  const canvases = createClient(CanvasService, transport);
  expect(await canvases.cancelCanvas({ canvasId: second })).toMatchObject({ state: CanvasState.CANCELLED });
  await memory.look();
  const [header] = (await canvasOf(transport, second)).groups;
  expect(header).toMatchObject({ size: manyMembers, ended: manyMembers });
  process.stdout.write(`many members: grew by ${Math.round(memory.growth() / 1024 ** 2)} MiB\n`);
  return memory.growth();
}

type Memory = { look(): Promise<void>; growth(): number };

/** Looks at what a process holds in memory; growth: the most that it held, less what the first look found. */
function createMemoryLook(pid: number | undefined): Memory {
  const seen: number[] = [];
  return {
    async look() {
      const { stdout } = await run("ps", ["-o", "rss=", "-p", `${pid}`]);
      seen.push(Number(stdout) * 1024);
    },
    growth: () => Math.max(...seen) - (seen[0] ?? 0),
  };
}

async function canvasOf(transport: Transport, canvasId: string): Promise<Canvas> {
  const { canvas } = await createClient(CanvasService, transport).getCanvas({ canvasId });
  if (canvas === undefined) throw new Error("there is no canvas");
  return canvas;
}

/** Submits a chord whose header comes page by page; answers its id. */
async function fill(transport: Transport, memory: Memory): Promise<string> {
  const canvases = createClient(CanvasService, transport);
  const { canvasId } = await canvases.submitCanvas({ root: chord([], task("body"), { open: true }) });
  const members: Node[] = [...times(pageSize, task("member"))];
  for (let page = 0; page < pages; page += 1) {
    const request = { canvasId, requestId: `${page}`, members, seal: page === pages - 1 };
    expect(await canvases.addCanvasMembers(request)).toMatchObject({ firstIndex: page * pageSize });
    await memory.look();
  }
  const [header] = (await canvasOf(transport, canvasId)).groups;
  expect(header).toMatchObject({ size: manyMembers, sealed: true, ended: 0 });
  return canvasId;
}

/** Runs what is ready until nothing is. */
async function runAll(transport: Transport, memory: Memory): Promise<void> {
  let ran = 0;
  const handed: unknown[] = [];
  const member = () => {
    ran += 1;
    return left;
  };
  const body = (...args: readonly unknown[]) => void handed.push(...args);
  const runner = createCanvasRunner(transport, { member, body }, { namespace: "default" });
  for (let grants = await runner.lease(); grants.length > 0; grants = await runner.lease()) {
    await runner.settle(grants);
    await memory.look();
  }
  expect(ran).toBe(manyMembers);
  expect(handed).toMatchObject([{ "stem.results": { count: manyMembers } }]);
}

/** Reads all members, page by page. */
async function readAll(transport: Transport, memory: Memory, canvasId: string): Promise<void> {
  const canvases = createClient(CanvasService, transport);
  const { state, groups } = await canvasOf(transport, canvasId);
  expect(state).toBe(CanvasState.SUCCEEDED);
  let [read, pageToken] = [0, ""];
  do {
    const wish = { canvasId, groupId: groups[0]?.id ?? "", pageSize: 1000, pageToken };
    const { members, nextPageToken } = await canvases.listCanvasMembers(wish);
    for (const { index, value } of members) {
      expect(index).toBe(read);
      expect(value?.value.case).toBe("result");
      read += 1;
    }
    pageToken = nextPageToken;
    await memory.look();
  } while (pageToken !== "");
  expect(read).toBe(manyMembers);
}
