import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { type FromHost, finishedBy } from "./bridge/messages.ts";
import { builtFile, type HostEvents, type HostPool, type HostRun, type HostWatch } from "./host-pool.ts";

/** How threads are kept. */
export type ThreadsOptions = {
  readonly threadsMax: number;
  readonly idleMs: number;
  readonly watch: HostWatch;
};

/**
 * Runs attempts in threads. They come when needed, at most as many as there are slots, and go when they idle. Each attempt has a port
 * of its own to the worker; it closes with the thread, so its end is the thread's.
 */
export function createThreadPool({ threadsMax, idleMs, watch }: ThreadsOptions): HostPool {
  const pool = new Piscina({
    filename: builtFile("./host/thread-entry.ts", import.meta.url).href,
    name: "runInThread",
    minThreads: 0,
    maxThreads: threadsMax,
    idleTimeout: idleMs,
    // Between attempts a thread would block: what a module keeps open there, such as a connection, must live on.
    atomics: "disabled",
    recordTiming: false,
  });
  pool.on("workerCreate", ({ id }: { id: number }) => watch.onInit({ runner: "thread", id }));
  pool.on("workerDestroy", ({ id }: { id: number }) => watch.onShutdown({ runner: "thread", id }));
  // A thread that breaks between attempts concerns nobody: the next attempt gets another one.
  pool.on("error", () => undefined);
  return {
    start: (request, events) => startInThread(pool, request, events),
    close: () => pool.destroy(),
  };
}

function startInThread(pool: Piscina, request: unknown, { onMessage, onGone }: HostEvents): HostRun {
  const { port1: port, port2 } = new MessageChannel();
  const controller = new AbortController();
  const closed = new Promise<void>((resolve) => port.once("close", resolve));
  let isEnded = false;
  port.on("message", (message: FromHost) => {
    const finished = finishedBy(message);
    if (finished !== undefined) isEnded = true;
    onMessage(message);
    if (finished?.retire !== undefined) controller.abort();
  });
  const job = { request, port: port2 };
  pool.run(job, { transferList: [port2], signal: controller.signal }).catch(async (error: unknown) => {
    // One that was still waiting for a thread has not handed its end of the channel over.
    port2.close();
    await closed;
    if (!isEnded) onGone(error);
  });
  return { post: (message) => port.postMessage(message), kill: () => controller.abort() };
}
