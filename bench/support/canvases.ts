import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { startChild } from "./child.ts";
import type { BenchServer } from "./stem.ts";
import { payload } from "./tasks.ts";

/** Canvases as the wire has them. */
export type Canvases = ReturnType<typeof canvasesOf>;

/** A client of a server's canvases. */
export const canvasesOf = ({ url }: Pick<BenchServer, "url">) =>
  createClient(CanvasService, createGrpcTransport({ baseUrl: url }));

/** What a node may be. */
export type Node = NonNullable<Parameters<Canvases["submitCanvas"]>[0]["root"]>;

/** A no-op that is handed nothing. */
export const leaf = (n: number): Node => ({
  node: {
    case: "task",
    value: { name: "noop", args: { data: { case: "json", value: JSON.stringify([payload(n)]) } } },
  },
  ignoreInput: true,
});

export const leaves = (count: number): Node[] => Array.from({ length: count }, (_, n) => leaf(n));

export const groupOf = (members: Node[]): Node => ({ node: { case: "group", value: { members } } });
export const chainOf = (steps: Node[]): Node => ({ node: { case: "chain", value: { steps } } });
export const chordOf = (header: Node[], body: Node): Node => ({
  node: { case: "chord", value: { header, body } },
  ignoreInput: true,
});

/** Canvases a second: submits so many of a shape to a server with one worker process, and waits for the last of them. */
export async function shapeRate(
  server: BenchServer,
  { root, tasks, count }: { readonly root: Node; readonly tasks: number; readonly count: number },
): Promise<number> {
  const canvases = canvasesOf(server);
  const worker = startChild("../processes/stem-worker.ts", {
    ...{ url: server.url, count: tasks * count, concurrency: 100 },
  });
  const startedAt = performance.now();
  for (let n = 0; n < count; n += 1) await canvases.submitCanvas({ root });
  await worker.next<{ seconds: number }>();
  const seconds = (performance.now() - startedAt) / 1000;
  await worker.end();
  const { canvases: open } = await canvases.listCanvases({ states: [CanvasState.OPEN], pageSize: 1 });
  if (open.length > 0) throw new Error("a canvas has not ended although its tasks have run");
  return count / seconds;
}
