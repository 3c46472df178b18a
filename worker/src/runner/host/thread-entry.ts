/** What runs inside a thread: an attempt or a batch at a time, each with a port of its own to the worker. */

import { getHeapStatistics } from "node:v8";
import type { MessagePort } from "node:worker_threads";
import type { HostRequest, ToHost } from "../bridge/messages.ts";
import { HostedRun } from "./hosted-run.ts";

/** What the pool hands over. */
export type ThreadJob = { readonly request: HostRequest; readonly port: MessagePort };

let count = 0;

/** Runs what a request says. Never ends when the thread is to be replaced: the worker then ends the thread. */
export async function runInThread({ request, port }: ThreadJob): Promise<void> {
  const post = (message: unknown): void => port.postMessage(message);
  const run = new HostedRun(request, { post, memoryBytes: ownBytes, count });
  count += request.grants.length;
  port.on("message", (message: ToHost) => run.receive(message));
  if (await run.run()) return new Promise(() => undefined);
  port.close();
}

/** The thread's own heap and buffers; the resident set is the whole process's. */
function ownBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
