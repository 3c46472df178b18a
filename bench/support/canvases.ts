import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CanvasState } from "@stem/proto/stem/v1/canvas_pb";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import { type CanvasNode, chain, chord, group } from "@stem/sdk";
import { startChild } from "./child.ts";
import type { BenchServer } from "./stem.ts";
import { noop, payload } from "./tasks.ts";

/** A no-op that is handed nothing. */
export const leaf = (n: number): CanvasNode => noop.signature([payload(n)]);

export const leaves = (count: number): CanvasNode[] => Array.from({ length: count }, (_, n) => leaf(n));

export const groupOf = (members: CanvasNode[]): CanvasNode => group(members);
export const chainOf = (steps: CanvasNode[]): CanvasNode =>
  (chain as (...all: CanvasNode[]) => CanvasNode)(...steps);
export const chordOf = (header: CanvasNode[], body: CanvasNode): CanvasNode => chord(group(header), body);

/** Canvases a second: submits so many of a shape to a server with one worker process, and waits for the last of them. */
export async function shapeRate(
  { url, client }: BenchServer,
  { root, tasks, count }: { readonly root: CanvasNode; readonly tasks: number; readonly count: number },
): Promise<number> {
  const worker = startChild("../processes/stem-worker.ts", { url, count: tasks * count, concurrency: 100 });
  const startedAt = performance.now();
  for (let n = 0; n < count; n += 1) await client.submit(root);
  await worker.next<{ seconds: number }>();
  const seconds = (performance.now() - startedAt) / 1000;
  await worker.end();
  const canvases = createClient(CanvasService, createGrpcTransport({ baseUrl: url }));
  const { canvases: open } = await canvases.listCanvases({ states: [CanvasState.OPEN], pageSize: 1 });
  if (open.length > 0) throw new Error("a canvas has not ended although its tasks have run");
  return count / seconds;
}
