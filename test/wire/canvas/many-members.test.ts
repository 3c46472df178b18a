import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { expect, onTestFinished, test } from "vitest";
import { gathering, task, times } from "../../support/canvas-nodes.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { canvasCaller } from "./caller.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const pages = 10;
const pageSize = isSoak ? 10_000 : 1000;
/** By how much a server may grow from the first page to the last. */
const growthBytesMax = 150 * 1024 * 1024;

const run = promisify(execFile);

/** What a process holds in memory, in bytes. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const { stdout } = await run("ps", ["-o", "rss=", "-p", `${pid}`]);
  return Number(stdout) * 1024;
}

test("a group is filled page by page, and the server holds no more of it than a page", {
  timeout: isSoak ? 1_200_000 : 120_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stem-many-"));
  // With a small heap garbage does not lie for long: what grows is held, and all members at once would not fit.
  const server = await startServerProcess(
    ["--store", `sqlite:${path.join(folder, "stem.db")}`, "--port", "0"],
    { nodeArgs: ["--max-old-space-size=256"] },
  );
  onTestFinished(async () => {
    await server.end();
    await rm(folder, { recursive: true });
  });
  const { canvases, canvas } = canvasCaller(createGrpcTransport({ baseUrl: server.url }));
  const { canvasId } = await canvases.submitCanvas({ root: gathering({ open: true }) });
  const members = [...times(pageSize, task("ok"))];
  let first = 0;
  let peak = 0;
  for (let page = 0; page < pages; page += 1) {
    const request = { canvasId, requestId: `${page}`, members, seal: page === pages - 1 };
    expect(await canvases.addCanvasMembers(request)).toMatchObject({ firstIndex: page * pageSize });
    const bytes = await residentBytes(server.child.pid);
    if (page === 0) first = bytes;
    peak = Math.max(peak, bytes);
  }
  expect(peak - first).toBeLessThan(growthBytesMax);
  expect((await canvas(canvasId)).groups).toMatchObject([{ size: pages * pageSize, sealed: true, ended: 0 }]);
  expect(await canvases.cancelCanvas({ canvasId }, { timeoutMs: 120_000 })).toMatchObject({
    state: CanvasState.CANCELLED,
  });
  expect((await canvas(canvasId)).groups).toMatchObject([{ ended: pages * pageSize }]);
});
